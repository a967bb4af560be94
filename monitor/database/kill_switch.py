"""The durable switch: off for every worker within one poll, on again without reviving anything.

Its rows stand in the outbox, so a worker that cannot see them loses its lease and does not
use the cache either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from monitor.clock import Clock
from monitor.database import outbox
from monitor.database.outbox_tables import OutboxTables
from monitor.database.protocol import OutboxNews


class KillSwitch:
    """Switches the cache off and on for a tenant, a domain, both, or everything.

    Args:
        tables: The outbox.
        clock: Time stamps of the rows.
    """

    def __init__(self, tables: OutboxTables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    async def turn_off(self, *, tenant: int | None = None, domain: str | None = None) -> None:
        """Keep every worker from using the cache for the scope; None: for all.

        Raises:
            DatabaseError: The database could not be asked; nothing has changed.
        """
        await self._tables.transact([outbox.turn_off(tenant, domain, self._clock.time())])
        await self._tables.notify(OutboxNews.ASKED)

    async def turn_on(self, *, tenant: int | None = None, domain: str | None = None) -> None:
        """Take back what `turn_off` did for exactly this scope; entries from before it are never served.

        Raises:
            DatabaseError: The database could not be asked, or an epoch began meanwhile; try again.
        """
        await self._tables.transact(self._on(tenant, domain))
        await self._tables.notify(OutboxNews.ASKED)

    async def off(self) -> Sequence[tuple[int | None, str | None]]:
        """Return what is switched off, as (tenant, domain); None stands for all."""
        rows = await self._tables.rows(outbox.switched_off())
        return [(row.tenant, row.domain) for row in rows]

    def _on(self, tenant: int | None, domain: str | None) -> Sequence[Any]:
        deletion: sa.Delete = outbox.turn_on(tenant, domain)
        if tenant is not None and domain is not None:
            return [deletion, outbox.whole_domain(tenant, domain, self._clock.time())]
        # Wider than one tenant's domain: a new epoch under the same primary makes everything a miss.
        return [deletion, outbox.next_epoch()]
