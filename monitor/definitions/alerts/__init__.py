"""One file for each concern of the alerts."""
