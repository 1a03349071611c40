"""One cell, from encoded data to its records."""
