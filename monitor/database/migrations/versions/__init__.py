"""One file a step, oldest first; each leaves alone what it finds."""
