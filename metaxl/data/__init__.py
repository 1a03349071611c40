"""One reader a form or corpus; counts; words to subwords."""
