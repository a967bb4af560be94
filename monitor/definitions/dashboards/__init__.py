"""One file for each dashboard; `panels`, `layout` and `variables` are what they are built from."""
