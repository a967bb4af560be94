"""The Alembic branch `monitor`: the history of the kit's own tables."""
