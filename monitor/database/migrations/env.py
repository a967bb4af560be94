"""What Alembic runs for `monitor migrate`; an adopter's own environment takes its place in its history."""

from alembic import context

from monitor.database.kit_migrations import VERSION_TABLE


def run() -> None:
    """Run the migrations in the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        version_table=VERSION_TABLE,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
