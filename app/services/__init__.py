"""What the service does, one file a domain: queries through a reader, writes through a unit of work."""
