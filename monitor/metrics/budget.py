"""The tenants' label budget: known tenants keep their series, newcomers over it share one.

Cardinality is the commonest way in which per-tenant metrics take a service down. Mimir's
cost attribution gives up every tenant's series once its cap is passed; here only newcomers
go to the overflow, and idle tenants make room, as in Cortex.
"""

from __future__ import annotations

from collections.abc import Callable

from monitor.clock import Clock
from monitor.metrics.catalogue import TENANT_OVERFLOW
from monitor.metrics.columns import Columns
from monitor.metrics.instruments import TenantRow
from monitor.metrics.tenant_table import NO_TENANT_ROW, OVERFLOW_ROW, LiveRows, TenantTable

_REFUSALS_KEPT = 10_000


class TenantBudget:
    """Gives each tenant its row, for as long as there are rows.

    Args:
        columns: Where this worker counts.
        table: Which tenant has which row, over all workers.
    """

    def __init__(self, columns: Columns, table: TenantTable) -> None:
        self._columns = columns
        self._table = table
        self._incarnations = table.incarnations
        self._rows: dict[int, TenantRow] = {}
        self._refused: dict[int, int] = {}
        self._overflow = columns.tenant_row(OVERFLOW_ROW, 1)
        self._overflowed = columns.counters(TENANT_OVERFLOW).of()
        self.nobody: TenantRow = columns.tenant_row(NO_TENANT_ROW, 1)

    def row(self, tenant: int | None) -> TenantRow:
        """Return where the tenant is counted; the overflow's row where the budget is spent."""
        if tenant is None:
            return self.nobody
        row = self._rows.get(tenant)
        # The table's word, not this worker's: any worker may have evicted the tenant.
        if row is None or self._incarnations[row.number] != row.incarnation:
            return self._claim(tenant)
        return row

    def forget_evicted(self) -> None:
        """Drop what is kept of tenants that were evicted and did not return; from any thread."""
        for tenant, row in list(self._rows.items()):
            if self._incarnations[row.number] != row.incarnation:
                self._rows.pop(tenant, None)

    def _claim(self, tenant: int) -> TenantRow:
        changes = self._table.changes
        if self._refused.get(tenant) != changes:
            number = self._table.claim(tenant)
            if number == OVERFLOW_ROW:
                self._remember_refusal(tenant, changes)
            elif number is not None:
                row = self._columns.tenant_row(number, self._incarnations[number])
                self._rows[tenant] = row
                return row
        self._overflowed.inc()
        return self._overflow

    def _remember_refusal(self, tenant: int, changes: int) -> None:
        """Spare the next observation the table's lock; the tenants over the budget may be countless."""
        if len(self._refused) >= _REFUSALS_KEPT:
            self._refused.clear()
        self._refused[tenant] = changes


class IdleTenants:
    """Makes room for newcomers: evicts tenants that nothing was counted of for a while, longest idle first.

    As long as there is room nobody is evicted. A series that ends and is born again with its first
    count in it shows no increase, so a tenant that asks once an hour would fail unseen for ever.

    Args:
        table: The tenants' rows.
        totals: Rows in use and everything counted in each, over all workers.
        total: The same for one row, right now.
        idle_s: How long a tenant may be idle while others want its row, in seconds.
        spare: Share of the budget that is kept free for newcomers.
    """

    def __init__(
        self,
        table: TenantTable,
        totals: Callable[[], tuple[LiveRows, list[int]]],
        total: Callable[[int], int],
        idle_s: float,
        clock: Clock,
        spare: float = 0.1,
    ) -> None:
        self._table = table
        self._most = table.capacity - max(1, round(table.capacity * spare))
        self._totals = totals
        self._total = total
        self._idle_s = idle_s
        self._clock = clock
        self._seen: dict[tuple[int, int], tuple[int, float]] = {}

    def sweep(self) -> int:
        """Look at all tenants, evict idle ones as far as room is short, and say how many; off the loop."""
        now = self._clock.monotonic()
        live, totals = self._totals()
        seen = {}
        for row, tenant in enumerate(live.tenants):
            if tenant > 0:
                key = tenant, live.incarnations[row]
                total, since = self._seen.get(key, (-1, now))
                seen[key] = totals[row], (since if total == totals[row] else now)
        self._seen = seen
        rows = {tenant: row for row, tenant in enumerate(live.tenants)}
        idle = sorted((since, key) for key, (_, since) in seen.items() if now - since >= self._idle_s)
        wanted = max(self._table.live - self._most, 0)
        evicted = 0
        for _, (tenant, incarnation) in idle:
            if evicted >= wanted:
                break
            evicted += self._evict(rows[tenant], tenant, incarnation, seen[tenant, incarnation][0])
        return evicted

    def _evict(self, row: int, tenant: int, incarnation: int, total: int) -> bool:
        return self._total(row) == total and self._table.evict(row, tenant, incarnation)
