"""JSON log lines of declared fields, written behind the requests."""
