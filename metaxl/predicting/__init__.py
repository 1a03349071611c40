"""A kept model at work: text in, labels out."""
