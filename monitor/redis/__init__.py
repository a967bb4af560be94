"""The transport to Redis: one multiplexed connection, and what stands on it."""
