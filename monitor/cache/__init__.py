"""Cache-aside for tenants: keys, seals, generations, single-flight, near cache and the store's contract."""
