"""TaskMed, a multi-tenant clinic service on the `monitor` kit."""
