"""The report of the data."""
