"""The pages of the report: HTML that stands by itself, of what an experiment has made so far."""
