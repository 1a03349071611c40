"""What is asked: settings, cells, the tables' grids, and where each file lies."""
