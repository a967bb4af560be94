"""The protocol's parts, each without one of its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.cache.bypass_flight import BypassFlight
from monitor.cache.generations import TOKEN_BYTES
from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Load, Loaded, Lookup
from monitor.cache.sealing import AesGcmSealer
from monitor.cache.single_flight import Flight
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.outbox_statements import OutboxRow, OutboxSnapshot
from monitor.consistency.relay import Relay
from monitor.consistency.settlement import CacheSettlement
from monitor.database.kit_tables import OutboxKind
from monitor.database.write_context import Commit
from monitor.scopes import CacheScope
from monitor.tenancy.identity import TenantId
from monitor.testing.fake_redis import FakeRedisStore
from tests.monitor.consistency.memory_outbox import MemoryOutbox
from tests.monitor.consistency.world import TICK_S, TIMING, Worker


class AnswersUnconfirmed(CacheSettlement):
    """Does not wait for a confirmed SET."""

    async def _wait_out(self, commit: Commit) -> None:  # noqa: ARG002 - the rule taken out
        return


class WaitsTooShort(CacheSettlement):
    """Waits a tick less than the lease."""

    def _deadline(self, commit: Commit) -> float:
        return commit.committed_at + TIMING.lease_s - TICK_S


class LooksBeforeTheCommit(CacheSettlement):
    """Takes what the last poll saw for what is suspended now."""

    async def _is_suspended(self) -> bool:
        snapshot = self._lease._snapshot
        return snapshot is not None and self._lease.has_long_known(snapshot.ids_of(OutboxKind.SUSPENDED))


class TrustsAnySuspension(CacheLease):
    """Does not ask how long it has known the suspension."""

    def has_long_known(self, suspensions: Sequence[int]) -> bool:
        return bool(suspensions)


class CountsFromTheAnswer(CacheLease):
    """Lets the lease begin when the poll's answer arrives."""

    def _expiry(self, began: float) -> float:  # noqa: ARG002 - the rule taken out
        return self._now() + TIMING.lease_s


class TrustsANewEpoch(CacheLease):
    """Uses an epoch from the moment it sees it."""

    def _quarantine_ends(self) -> float:
        return self._epoch_seen_at


class PollsInTwoStatements(MemoryOutbox):
    """Reads the rows first, and epoch and suspensions after them."""

    async def poll(self) -> OutboxSnapshot:
        first = self._snapshot()
        gate, self.answering = self.answering, None
        if gate is not None:
            await gate()
        second = self._snapshot()
        writes = [row for row in first.rows if row.kind is OutboxKind.WRITE]
        others = [row for row in second.rows if row.kind is not OutboxKind.WRITE]
        return second._replace(rows=(*others, *writes))


def scope_of(row: OutboxRow) -> CacheScope:
    return CacheScope(TenantId(row.tenant), str(row.domain), row.entity)


class DeletesForAnyPrimary(Relay):
    """Deletes whatever some primary answered, whether or not an epoch names it."""

    async def relay(self, snapshot: OutboxSnapshot, *, asked: bool) -> None:  # noqa: ARG002 - the contract's names
        for row in snapshot.rows:
            refreshed = await self._cache.refresh([scope_of(row)])
            if refreshed.incarnation is not None:
                outbox: Any = self._outbox
                outbox.delete([row.id])


class JudgesAtDeletion(Relay):
    """Deletes if its connection reaches the current primary now, whichever ran the SETs."""

    async def relay(self, snapshot: OutboxSnapshot, *, asked: bool) -> None:  # noqa: ARG002 - the contract's names
        for row in snapshot.rows:
            refreshed = await self._cache.refresh([scope_of(row)])
            if refreshed.incarnation is not None:
                await self._cache.reconnect()
                now = await self._cache.incarnation()
                await self._outbox.resolve([row.id], str(now))


class LiftsOnAPing(Relay):
    """Takes any answer of the current primary for the end of a suspension."""

    async def relay(self, snapshot: OutboxSnapshot, *, asked: bool) -> None:
        incarnation = await self._cache.incarnation()
        suspensions = snapshot.ids_of(OutboxKind.SUSPENDED)
        if suspensions and incarnation is not None:
            await self._outbox.resolve(suspensions, incarnation)
        await super().relay(snapshot, asked=asked)


class LiftsOverUnresolvedRows(Relay):
    """Takes one stored value for the end of a suspension, whatever became of the rows."""

    async def _resolve(self, rows: Sequence[OutboxRow]) -> bool:
        await super()._resolve(rows)
        return True


def the_writer_does_not_wait_for_near_caches(worker: Worker) -> None:
    """Let the first worker, which writes, wait for no near cache but its own, which has no lease."""
    _spare_the_wait(worker, number=0)


def the_relay_does_not_wait_for_near_caches(worker: Worker) -> None:
    """Let the third worker, which relays, wait for no near cache but its own, which has no lease."""
    _spare_the_wait(worker, number=2)


def _spare_the_wait(worker: Worker, number: int) -> None:
    if worker.number == number and worker.near is not None:
        worker.near.lease_s = 0.0


class SendsTokensAgain(FakeRedisStore):
    """Draws one token and sends it with every attempt."""

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        self.token = getattr(self, "token", next(iter(values.values())))
        return await super().replace(dict.fromkeys(values, self.token), ttl_s)


class CountsGenerations(FakeRedisStore):
    """Counts generations up from what is there, and from 1 where there is none."""

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        found = (await self.read(list(values))).values
        counted = {
            key: (int.from_bytes(there or b"") + 1).to_bytes(TOKEN_BYTES)
            for key, there in zip(values, found, strict=True)
        }
        return await super().replace(counted, ttl_s)

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        return await super().write_if_absent(dict.fromkeys(values, (1).to_bytes(TOKEN_BYTES)), ttl_s)


class RefreshesListsAlone(FakeRedisStore):
    """Gives the list a fresh generation and leaves the details'."""

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        return await super().replace({key: values[key] for key in values if key.endswith(":gen")}, ttl_s)


class SealsWithoutTheEpoch(AesGcmSealer):
    """Seals under the generations alone."""

    def seal(self, key: CacheKey, stamp: bytes, plain: bytes) -> bytes:
        return super().seal(key, _without_epoch(stamp), plain)

    def open(self, key: CacheKey, stamp: bytes, sealed: bytes) -> bytes | None:
        return super().open(key, _without_epoch(stamp), sealed)


def _without_epoch(stamp: bytes) -> bytes:
    return bytes(8) + stamp[8:]


def flies_by_key_alone(worker: Worker) -> None:
    """Join a load whatever generations were read."""
    flights: Any = worker.cache._loading._flights
    current, begin = flights.current, flights.begin
    flights.current = lambda key: current(str(key[0]))
    flights.begin = lambda key, work: begin(str(key[0]), work)


class JoinsBegunLoads(BypassFlight):
    """Lets a bypassing read join a load that has begun."""

    def join(self, key: str, load: Load) -> tuple[Any, bool]:
        running = self._running.get(key)
        return (Flight(running), True) if running is not None else super().join(key, load)


def bypass_joins_begun_loads(worker: Worker) -> None:
    worker.cache._misses._bypass = JoinsBegunLoads()


class LoadsInAnOlderSnapshot(Worker):
    """Lets the request's transaction begin before the lookup reads generations."""

    async def read(self, key: CacheKey) -> Lookup:
        self.opened = self.world.versions[key.domain]
        return await super().read(key)

    async def load(self, domain: str) -> Loaded:  # noqa: ARG002 - the rule taken out
        return Loaded(str(self.opened).encode())
