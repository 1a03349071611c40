"""Two experiments beside one another, cell by cell."""
