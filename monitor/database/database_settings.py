"""What a service says of its database; no library that opens one is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass

APPLICATION_NAME = "monitor"
TENANT_COLUMN = "tenant_id"  # where an adoption names none


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How many connections a pool keeps, and for how long.

    Attributes:
        size: Most connections; there is no overflow, so the database's limit can be planned.
        timeout_s: How long a caller waits for one, its making included.
        recycle_s: Age at which a connection is replaced, so that a proxy or a failover is noticed.
        busy_timeout_s: How long SQLite waits for a lock of another process.
        connect_timeout_s: How long PostgreSQL may take to accept a connection.
        statement_timeout_s: How long PostgreSQL may take for a statement before it is given up.
        application_name: How PostgreSQL names the connections in its logs and in `pg_stat_activity`.
    """

    size: int = 10
    timeout_s: float = 5.0
    recycle_s: float = 1_800.0
    busy_timeout_s: float = 10.0
    connect_timeout_s: float = 3.0
    statement_timeout_s: float = 30.0
    application_name: str = APPLICATION_NAME
