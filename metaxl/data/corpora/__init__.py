"""The corpora, one reader each."""
