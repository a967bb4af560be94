"""One command from nothing to a running service."""
