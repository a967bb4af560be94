"""What Alembic runs for each command; the connection is handed in by `app.migrations`."""

from alembic import context

from app.tables import ALL_METADATA


def run() -> None:
    """Run the migrations in the caller's transaction, which on both databases covers tables too."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=list(ALL_METADATA),
        transactional_ddl=True,
    )
    context.run_migrations()


run()
