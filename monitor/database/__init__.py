"""SQL for tenants: one tenant filter, reads in a snapshot, writes in a unit of work."""
