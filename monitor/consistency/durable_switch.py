"""The durable switch: off, or a share, for every worker within one poll; on again without reviving anything.

Its rows stand in the outbox, so a worker that cannot see them loses its lease and does not
use the cache either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from monitor.cache.rollout import SwitchScope
from monitor.clock import Clock
from monitor.consistency import outbox_statements as outbox
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.protocol import OutboxNews


class DurableSwitch:
    """Switches the cache off and on for a tenant, a domain, both, or everything; wholly or by share.

    Args:
        tables: The outbox.
        clock: Time stamps of the rows.
    """

    def __init__(self, tables: OutboxStore, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    async def turn_off(self, *, tenant: int | None = None, domain: str | None = None) -> None:
        """Keep every worker from using the cache for the scope; None: for all.

        Raises:
            DatabaseError: The database could not be asked; nothing has changed.
        """
        now = self._clock.time()
        await self._move(outbox.unswitch(tenant, domain), outbox.switch(tenant, domain, None, now))

    async def turn_on(self, *, tenant: int | None = None, domain: str | None = None) -> None:
        """Take back what was set for exactly this scope; entries from before it are never served.

        Raises:
            DatabaseError: The database could not be asked, or an epoch began meanwhile; try again.
        """
        now = self._clock.time()
        await self._move(outbox.unswitch(tenant, domain), outbox.begin_anew(tenant, domain, now))

    async def set_share(self, share: float, *, tenant: int | None = None, domain: str | None = None) -> None:
        """Let `share` of the scope's traffic use the cache; None: of all.

        Entries outlive a change of the share, since invalidations go on whatever it is. Where the
        scope was off, entries from before it are never served.

        Args:
            share: Above 0, up to 1.
            tenant: Whose traffic.
            domain: Which traffic.

        Raises:
            DatabaseError: The database could not be asked, or an epoch began meanwhile; try again.
        """
        now = self._clock.time()
        await self._move(
            outbox.begin_anew(tenant, domain, now, if_off=True),
            outbox.unswitch(tenant, domain),
            outbox.switch(tenant, domain, share, now),
        )

    async def positions(self) -> Mapping[SwitchScope, float]:
        """Return what was set, by (tenant, domain): a share, or 0 where it is off.

        Raises:
            DatabaseError: The database could not be asked.
        """
        rows = await self._tables.rows(outbox.switched())
        return {(row.tenant, row.domain): row.share or 0.0 for row in rows}

    async def off(self) -> Sequence[SwitchScope]:
        """Return what is switched off, as (tenant, domain); None stands for all; raises as above."""
        return [scope for scope, share in (await self.positions()).items() if not share]

    async def _move(self, *statements: sa.Executable) -> None:
        await self._tables.transact(statements)
        await self._tables.notify(OutboxNews.ASKED)
