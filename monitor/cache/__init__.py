"""Cache-aside for tenants: keys, seals, generations, single-flight, the near cache and the store's contract."""
