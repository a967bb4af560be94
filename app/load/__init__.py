"""Traffic as clinics make it, to try the service with."""
