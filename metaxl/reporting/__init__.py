"""What a reader gets: records, frame, evidence, tables, figures, the data's report."""
