"""The operators' console: pages that the service itself serves under `/console`."""
