"""The pages that explain the project, and the scripts that write two of them: `make docs`."""
