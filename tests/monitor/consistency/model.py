"""The whole protocol as a state machine: every step is one thing that somebody or the machine does.

Cache half and database half are the real ones; Redis, the database's outbox and time are in
memory and move when a step says so, so every run can be played again and shrunk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from hypothesis import strategies as st
from hypothesis.stateful import RULE_MARKER, RuleBasedStateMachine, initialize, precondition, rule

from monitor.cache.cache_observer import CacheResult
from monitor.cache.keys import CacheKey
from monitor.cache.policy import NearMode
from monitor.consistency.outbox_statements import OutboxSnapshot
from monitor.testing.fake_redis import Gate, RedisFault
from monitor.testing.fakes import ManualClock
from tests.monitor.consistency.world import LEASE_S, TICK_S, Parts, Worker, World, detail, page

WORKERS = 3
HELD = 3
NUMBERS = st.integers(0, WORKERS - 1)
DOMAINS = st.sampled_from(["contacts", "appointments"])
ALL_KEYS = (page(), detail(), page("appointments"), detail("appointments"))
KEYS = st.sampled_from(ALL_KEYS)
FAULTS = st.sampled_from(RedisFault)
SCOPES = st.sampled_from([(None, None), (1, None), (None, "contacts"), (1, "contacts")])


class ClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers go by the clock that the steps move."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.time = clock.monotonic  # type: ignore[method-assign]


class CacheProtocolModel(RuleBasedStateMachine):
    """Several workers, one Redis that breaks, one database, and whoever reads, writes and operates."""

    parts = Parts()

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.parts)
        self.loop = ClockLoop(self.world.clock)
        self.workers: list[Worker] = []
        self.seen: dict[int, OutboxSnapshot] = {}
        self.gates: list[Gate] = []
        self.reads: list[asyncio.Task[None]] = []
        self.writes: list[asyncio.Task[None]] = []
        self.behind = self.world.redis.copy()
        self.failed = False

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        async def step() -> None:
            await work
            await self.world.settle_down()

        with structlog.testing.capture_logs():
            self.loop.run_until_complete(step())

    @initialize()
    def start(self) -> None:
        """Start the workers, with everything in the cache."""
        self.do(self._start())

    @rule(number=NUMBERS, key=KEYS)
    def read(self, number: int, key: CacheKey) -> None:
        """Begin a read; it ends in this step unless something holds it."""
        self.do(self._read(number, key))

    @rule()
    def everybody_reads(self) -> None:
        """Begin a read of everything in every worker."""
        for number in range(WORKERS):
            for key in ALL_KEYS:
                self.do(self._read(number, key))

    @rule(number=NUMBERS, domain=DOMAINS, fault=FAULTS)
    def write(self, number: int, domain: str, fault: RedisFault) -> None:
        """Commit, and answer when it may be answered; Redis may fail at just this one command."""
        store = self.workers[number].store
        store.write_fault = fault
        self.do(self._write(number, domain))
        store.write_fault = RedisFault.NONE

    @rule(number=NUMBERS, domain=DOMAINS)
    def commit_and_crash(self, number: int, domain: str) -> None:
        """Commit, and never come to the generations: nobody is answered."""
        self.workers[number].commit(domain)

    @precondition(lambda self: len(self.gates) < HELD)
    @rule(number=NUMBERS, key=KEYS, place=st.sampled_from(["load", "read", "answer", "fill"]))
    def begin_slow_read(self, number: int, key: CacheKey, place: str) -> None:
        """Begin a read that waits.

        With the load's snapshot of the database in hand; before its MGET runs; before the MGET's
        answer is seen; or between the load and the fill.
        """
        store, gate = self.workers[number].store, self._gate()
        if place == "load":
            self.world.loading = gate
        elif place == "fill":
            store.before["write"] = gate
        else:
            (store.before if place == "read" else store.after)["read"] = gate
        self.do(self._read(number, key))

    @precondition(lambda self: len(self.gates) < HELD)
    @rule(number=NUMBERS, domain=DOMAINS, ran=st.booleans())
    def begin_slow_write(self, number: int, domain: str, *, ran: bool) -> None:
        """Commit, and wait at the fresh generations: before they are set, or before that is known."""
        store = self.workers[number].store
        (store.after if ran else store.before)["replace"] = self._gate()
        self.do(self._write(number, domain))

    @precondition(lambda self: len(self.gates) < HELD)
    @rule(number=NUMBERS)
    def begin_slow_poll(self, number: int) -> None:
        """Look at the outbox, and see the answer later."""
        self.world.outbox.answering = self._gate()
        self.do(self._poll(number))

    @precondition(lambda self: self.gates)
    @rule(data=st.data())
    def let_go(self, data: st.DataObject) -> None:
        """Let something that is held go on."""
        gate = self.gates.pop(data.draw(st.integers(0, len(self.gates) - 1)))
        self.do(self._open(gate))

    @precondition(lambda self: self.reads or self.writes)
    @rule(data=st.data())
    def cancel_a_caller(self, data: st.DataObject) -> None:
        """Let a client leave that waits for its read or its write."""
        waiting = [*self.reads, *self.writes]
        waiting[data.draw(st.integers(0, len(waiting) - 1))].cancel()
        self.do(self.world.settle_down())

    @rule(number=NUMBERS)
    def poll(self, number: int) -> None:
        """Look at the outbox."""
        self.do(self._poll(number))

    @rule(number=NUMBERS)
    def step(self, number: int) -> None:
        """Poll, relay what that saw, and poll again, as a worker does."""
        self.do(self._step(number))

    @precondition(lambda self: self.seen)
    @rule(number=NUMBERS)
    def relay(self, number: int) -> None:
        """Relay what this worker's last poll saw, however long ago that was."""
        snapshot = self.seen.pop(number, None)
        if snapshot is not None:
            self.do(self._relay(number, snapshot))

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]))
    def carry_on(self, seconds: float) -> None:
        """Let time pass as it does in service: every worker polls, and relays what it sees."""
        self.do(self._carry_on(seconds))

    @rule(ticks=st.sampled_from([1, 5, 20, 43]))
    def wait(self, ticks: int) -> None:
        """Let time pass: leases, quarantines and waits run out."""
        self.do(self.world.pass_time(ticks * TICK_S))

    @rule(number=st.sampled_from([None, *range(WORKERS)]), fault=FAULTS)
    def break_or_mend_redis(self, number: int | None, fault: RedisFault) -> None:
        """Cut one worker off from Redis by itself, or all, in one way or another; or join them again."""
        for worker in self.workers:
            if number in (None, worker.number):
                worker.store.fault = fault

    @rule(part=st.sampled_from([None, None, "", "contacts", "appointments"]))
    def refuse_or_take_writes(self, part: str | None) -> None:
        """Let Redis answer everything but SETs, of all keys or of some; or take them again."""
        self.world.redis.refuses = part

    @rule(number=NUMBERS)
    def run_what_was_queued(self, number: int) -> None:
        """Let commands run that their senders have given up."""
        self.workers[number].store.run_queued()

    @rule(part=st.sampled_from([":gen", ":list", ":gen:*", ""]))
    def evict(self, part: str) -> None:
        """Let Redis forget keys."""
        self.world.redis.evict(part)

    @rule()
    def replicate(self) -> None:
        """Let the replica, or the snapshot file, catch up."""
        self.behind = self.world.redis.copy()

    @rule(empty=st.booleans())
    def restart_redis(self, *, empty: bool) -> None:
        """Begin another run, with nothing or with an old snapshot."""
        self.world.redis.restart({} if empty else self.behind)

    @rule(first=NUMBERS)
    def fail_over(self, first: int) -> None:
        """Let the replica take over; but for one worker all go on talking to the old primary."""
        self.world.redis.fail_over(self.behind)
        self.do(self.workers[first].store.reconnect())

    @rule(number=NUMBERS)
    def reconnect(self, number: int) -> None:
        """Connect a worker to today's primary."""
        self.do(self.workers[number].store.reconnect())

    @rule(number=NUMBERS)
    def restart_a_worker(self, number: int) -> None:
        """Kill a worker: what it had not answered is never answered, its memory is gone."""
        for task in self.workers[number].tasks:
            task.cancel()
        self.do(self.world.settle_down())
        self.workers[number] = (self.parts.worker or Worker)(self.world, number)
        self.seen.pop(number, None)

    @rule(down=st.booleans())
    def break_or_mend_the_database(self, *, down: bool) -> None:
        """Let the outbox fail, or answer again."""
        self.world.outbox.down = down

    @rule(scope=SCOPES, share=st.sampled_from([None, 0.5, 1.0]))
    def move_the_switch(self, scope: tuple[int | None, str | None], share: float | None) -> None:
        """Switch the cache off for a scope, or let a share of its traffic use it."""
        self.world.outbox.switch(*scope, share)

    @precondition(lambda self: self.world.outbox.is_switched)
    @rule()
    def take_the_switch_back(self) -> None:
        """Undo everything that was switched."""
        self.world.outbox.unswitch_all()

    def teardown(self) -> None:
        """Whatever happened: once all is mended every worker serves the truth from the cache again."""
        try:
            if self.workers and not self.failed:
                self.do(self._mend())
                self.do(self._serve_the_truth())
                assert [] == self.world.stale
        finally:
            self.do(self._release())
            self.do(self.world.close())
            self.loop.close()

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        """No read has returned less than was answered before it began."""
        super().check_invariants(*arguments, **options)
        self.failed = bool(self.world.stale)
        assert [] == self.world.stale

    def _gate(self) -> Gate:
        gate = Gate()
        self.gates.append(gate)
        return gate

    async def _start(self) -> None:
        self.workers = await self.world.workers(WORKERS)
        for worker in self.workers:
            for key in ALL_KEYS:
                await worker.read(key)

    async def _read(self, number: int, key: CacheKey) -> None:
        async def read() -> None:
            await self.workers[number].read(key)

        reading = self.workers[number].spawn(read())
        self.reads.append(reading)
        reading.add_done_callback(self.reads.remove)

    async def _write(self, number: int, domain: str) -> None:
        writing = self.workers[number].write(domain)
        self.writes.append(writing)
        writing.add_done_callback(self.writes.remove)

    async def _poll(self, number: int) -> None:
        worker = self.workers[number]

        async def poll() -> None:
            snapshot = await worker.poll.once()
            if snapshot is not None and self.workers[number] is worker:
                self.seen[number] = snapshot

        assert not worker.spawn(poll()).done()
        await self.world.settle_down()

    async def _relay(self, number: int, snapshot: OutboxSnapshot) -> None:
        # With leased near caches it waits for the clock, so it goes on beside the next steps.
        worker = self.workers[number]
        assert not worker.spawn(worker.relay.relay(snapshot, asked=False)).done()

    async def _open(self, *gates: Gate) -> None:
        for gate in gates:
            gate.open.set()

    async def _release(self) -> None:
        self.world.loading = self.world.outbox.answering = None
        await self._open(*self.gates)
        self.gates.clear()
        await self.world.settle_down()

    async def _step(self, number: int) -> None:
        await self._poll(number)
        snapshot = self.seen.pop(number, None)
        if snapshot is not None:
            await self._relay(number, snapshot)
            await self.world.settle_down()
            await self._poll(number)

    async def _carry_on(self, seconds: float, every: float = 0.25) -> None:
        for _ in range(round(seconds / every)):
            for number in range(WORKERS):
                await self._step(number)
            await self.world.pass_time(every)

    async def _mend(self) -> None:
        self.world.outbox.down = False
        self.world.redis.refuses = None
        self.world.outbox.unswitch_all()
        await self._release()
        for worker in self.workers:
            worker.store.fault = RedisFault.NONE
        await self._carry_on(12 * LEASE_S / 2, every=LEASE_S / 2)
        for worker in self.workers:
            await worker.poll.once()

    async def _serve_the_truth(self) -> None:
        assert [] == self.world.outbox.ids
        for key in ALL_KEYS:
            truth = str(self.world.versions[key.domain]).encode()
            for worker in self.workers:
                for _ in range(2):
                    lookup = await worker.read(key)
                    assert truth == lookup.value
                assert CacheResult.HIT is lookup.result


class LeasedModel(CacheProtocolModel):
    """The same with near caches that serve without a round trip."""

    parts = Parts(near=NearMode.LEASED)


class ValidatedModel(CacheProtocolModel):
    """The same with near caches that ask for the generations."""

    parts = Parts(near=NearMode.VALIDATED)


CALLERS = frozenset(
    {
        "begin_slow_poll",
        "begin_slow_read",
        "begin_slow_write",
        "cancel_a_caller",
        "everybody_reads",
        "let_go",
        "read",
        "step",
        "write",
    }
)
SERVERS = frozenset(
    {"everybody_reads", "fail_over", "read", "reconnect", "replicate", "restart_redis", "step", "write"}
)


def narrowed(parts: Parts, rules: frozenset[str]) -> type[CacheProtocolModel]:
    """Return the model with these parts, in which only these things happen: its runs go deeper."""
    every = {
        name for name in vars(CacheProtocolModel) if hasattr(getattr(CacheProtocolModel, name), RULE_MARKER)
    }
    return type("Narrowed", (CacheProtocolModel,), {"parts": parts, **dict.fromkeys(every - rules)})
