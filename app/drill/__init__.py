"""Faults in the running service, followed to the page that they cause."""
