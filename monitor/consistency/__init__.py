"""The protocol between database and cache, whole, with what joins it."""
