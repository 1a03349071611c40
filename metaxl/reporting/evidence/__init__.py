"""What the records say of each question that a table puts: counts, answers, sentences, files."""
