"""Who is asking: tenant identities and the tenant bound to the running task."""
