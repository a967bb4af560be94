"""Writers, readers, crashes, outages, evictions and failovers in any order: no read is ever stale."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from monitor.cache.keys import CacheKey
from monitor.cache.observer import CacheResult
from monitor.cache.policy import NearMode
from monitor.database.outbox import OutboxSnapshot
from monitor.testing_redis import Fault, Gate
from tests.monitor.consistency import mutants
from tests.monitor.consistency.world import LEASE_S, TICK_S, Parts, Worker, World, detail, page

WORKERS = 3
NUMBERS = st.integers(0, WORKERS - 1)
DOMAINS = st.sampled_from(["contacts", "appointments"])
KEYS = st.sampled_from([page(), detail(), page("appointments")])
T = Any


class CacheProtocolModel(RuleBasedStateMachine):
    """Every step is one thing that a worker, an operator or the machine does."""

    parts = Parts()

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World(self.parts)
        self.workers: list[Worker] = []
        self.seen: dict[int, OutboxSnapshot] = {}
        self.loads: list[Gate] = []
        self.behind = self.world.redis.copy()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        async def step() -> T:
            answer = await work
            await self.world.settle_down()
            return answer

        with structlog.testing.capture_logs():
            return self.loop.run_until_complete(step())

    @initialize()
    def start(self) -> None:
        self.workers = self.do(self.world.workers(WORKERS))
        for worker in self.workers:
            self.do(worker.read(page()))

    @rule(number=NUMBERS, domain=DOMAINS)
    def write(self, number: int, domain: str) -> None:
        """Commit, and answer when it may be answered."""
        self.do(self._write(number, domain))

    @rule(number=NUMBERS, domain=DOMAINS)
    def commit_and_crash(self, number: int, domain: str) -> None:
        """Commit, and never come to anything else: no one is answered."""
        self.workers[number].commit(domain)

    @rule(number=NUMBERS, key=KEYS)
    def read(self, number: int, key: CacheKey) -> None:
        self.do(self._read(number, key))

    @precondition(lambda self: len(self.loads) < 2)
    @rule(number=NUMBERS, key=KEYS)
    def begin_slow_read(self, number: int, key: CacheKey) -> None:
        """Begin a read whose load, if it comes to one, has its snapshot and goes on later."""
        gate = self.world.loading = Gate()
        self.loads.append(gate)
        self.do(self._read_aside(number, key))

    @precondition(lambda self: self.loads)
    @rule()
    def end_slow_read(self) -> None:
        self.do(self._open(self.loads.pop(0)))

    @rule(number=NUMBERS)
    def poll(self, number: int) -> None:
        self.do(self._poll(number))

    @precondition(lambda self: self.seen)
    @rule(number=NUMBERS)
    def relay(self, number: int) -> None:
        """Relay what this worker's last poll saw, however long ago that was."""
        snapshot = self.seen.pop(number, None)
        if snapshot is not None:
            self.do(self._relay(number, snapshot))

    @rule(ticks=st.sampled_from([1, 5, 20, 43]))
    def wait(self, ticks: int) -> None:
        self.do(self.world.pass_time(ticks * TICK_S))

    @rule(number=NUMBERS, fault=st.sampled_from(Fault))
    def break_or_mend_a_connection(self, number: int, fault: Fault) -> None:
        self.workers[number].store.fault = fault

    @rule(fault=st.sampled_from(Fault))
    def break_or_mend_redis(self, fault: Fault) -> None:
        for worker in self.workers:
            worker.store.fault = fault

    @rule(number=NUMBERS)
    def run_what_was_queued(self, number: int) -> None:
        self.workers[number].store.run_queued()

    @rule(part=st.sampled_from([":gen", ":list", ":gen:*", ""]))
    def evict(self, part: str) -> None:
        self.world.redis.evict(part)

    @rule()
    def replicate(self) -> None:
        """Let the replica, or the snapshot file, catch up."""
        self.behind = self.world.redis.copy()

    @rule(empty=st.booleans())
    def restart_redis(self, *, empty: bool) -> None:
        self.world.redis.restart({} if empty else self.behind)

    @rule()
    def fail_over(self) -> None:
        """Let the replica take over; whoever is connected to the old primary goes on talking to it."""
        self.world.redis.fail_over(self.behind)

    @rule(number=NUMBERS)
    def reconnect(self, number: int) -> None:
        self.do(self.workers[number].store.reconnect())

    @rule(number=NUMBERS)
    def restart_a_worker(self, number: int) -> None:
        """Kill a worker: what it had not answered is never answered, its memory is gone."""
        for task in self.workers[number].tasks:
            task.cancel()
        self.do(self.world.settle_down())
        self.workers[number] = Worker(self.world, number)
        self.seen.pop(number, None)

    @rule(down=st.booleans())
    def break_or_mend_the_database(self, *, down: bool) -> None:
        self.world.outbox.down = down

    def teardown(self) -> None:
        """Whatever happened: once all is mended every worker serves the truth from the cache again."""
        try:
            if self.workers and not self.world.stale:
                self.do(self._mend())
                self.do(self._serve_the_truth())
            assert [] == self.world.stale
        finally:
            self.do(self.world.close())
            self.loop.close()

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        super().check_invariants(*arguments, **options)
        assert [] == self.world.stale

    async def _write(self, number: int, domain: str) -> None:
        assert not self.workers[number].write(domain).done()

    async def _read(self, number: int, key: CacheKey) -> None:
        reading = self._reading(number, key)
        await self.world.settle_down()
        if not reading.done():  # it has joined a slow load of its own generations
            await self._open(*self.loads)
            self.loads.clear()
            await reading

    async def _read_aside(self, number: int, key: CacheKey) -> None:
        assert not self._reading(number, key).done()
        await self.world.settle_down()
        if self.world.loading is self.loads[-1]:  # it was a hit: nothing waits at this gate
            self.world.loading = None
            self.loads.pop()

    def _reading(self, number: int, key: CacheKey) -> asyncio.Task[None]:
        async def read() -> None:
            await self.workers[number].read(key)

        return self.workers[number].spawn(read())

    async def _open(self, *gates: Gate) -> None:
        for gate in gates:
            gate.open.set()

    async def _poll(self, number: int) -> None:
        snapshot = await self.workers[number].poll.once()
        if snapshot is not None:
            self.seen[number] = snapshot

    async def _relay(self, number: int, snapshot: OutboxSnapshot) -> None:
        # With leased near caches it waits for the clock, so it goes on beside the next steps.
        worker = self.workers[number]
        assert not worker.spawn(worker.relay.relay(snapshot, asked=False)).done()

    async def _mend(self) -> None:
        self.world.outbox.down = False
        await self._open(*self.loads)
        self.loads.clear()
        for worker in self.workers:
            worker.store.fault = Fault.NONE
        for _ in range(12):
            for number in range(WORKERS):
                await self._poll(number)
                await self._relay(number, self.seen.pop(number))
            await self.world.pass_time(LEASE_S / 2)
        for worker in self.workers:
            await worker.poll.once()

    async def _serve_the_truth(self) -> None:
        assert [] == self.world.outbox.ids
        for domain, version in self.world.versions.items():
            for worker in self.workers:
                for _ in range(2):
                    lookup = await worker.read(page(domain))
                    assert str(version).encode() == lookup.value
                assert CacheResult.HIT is lookup.result


class LeasedModel(CacheProtocolModel):
    """The same with near caches that serve without a round trip."""

    parts = Parts(near=NearMode.LEASED)


class ValidatedModel(CacheProtocolModel):
    """The same with near caches that ask for the generations."""

    parts = Parts(near=NearMode.VALIDATED)


THOROUGH = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("model", [CacheProtocolModel, ValidatedModel, LeasedModel])
def test_no_order_of_events_makes_a_read_stale(model: type[CacheProtocolModel]) -> None:
    """Whatever happens in whatever order, no read returns less than was answered before it began."""
    run_state_machine_as_test(model, settings=THOROUGH)


class UnconfirmedModel(CacheProtocolModel):
    """The same without the first rule: writes are answered whether or not they are confirmed."""

    parts = Parts(settlement=mutants.AnswersUnconfirmed)


@pytest.mark.parametrize(("model", "stale"), [(CacheProtocolModel, 0), (UnconfirmedModel, 1)])
def test_the_model_sees_a_missing_rule(model: type[CacheProtocolModel], stale: int) -> None:
    """The model is no comfort by itself: with a rule taken out it counts a stale read."""
    run = model()
    run.start()
    run.break_or_mend_redis(fault=Fault.REFUSED)
    run.write(number=0, domain="contacts")
    run.break_or_mend_redis(fault=Fault.NONE)
    run.read(number=0, key=page())

    assert stale == len(run.world.stale)
    run.world.stale.clear()
    run.teardown()
