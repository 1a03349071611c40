"""One reader for each corpus and each form; facts of the data in numbers; words to subwords."""
