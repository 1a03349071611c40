"""The forms in which corpora come."""
