"""The definitions room."""
