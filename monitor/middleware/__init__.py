"""The middleware room."""
