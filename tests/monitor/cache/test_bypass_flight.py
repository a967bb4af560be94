"""Bypassing loads: coalesced, and never older than the caller."""

from __future__ import annotations

import asyncio

import pytest

from monitor.cache.bypass_flight import BypassFlight
from monitor.cache.lookup import Loaded
from tests.conditions import until


class Gated:
    """A load that counts its beginnings and waits to be let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()

    async def load(self) -> Loaded:
        self.begun += 1
        number = self.begun
        await self.gate.wait()
        return Loaded(b"%d" % number)


async def test_callers_join_a_load_that_has_not_begun() -> None:
    """All callers of one tick share one load."""
    flight, source = BypassFlight(), Gated()
    joined = [flight.join("k", source.load) for _ in range(10)]
    source.gate.set()

    answers = await asyncio.gather(*(one.outcome for one, _ in joined))

    assert [answer.value for answer in answers] == [b"1"] * 10
    assert [collapsed for _, collapsed in joined] == [False] + [True] * 9


async def test_a_load_that_has_begun_is_never_joined() -> None:
    """A read that begins after a load began gets a later load's answer: a write may lie between."""
    flight, source = BypassFlight(patience_s=60.0), Gated()
    first, _ = flight.join("k", source.load)
    await until(lambda: source.begun == 1)

    second, collapsed = flight.join("k", source.load)
    third, joined = flight.join("k", source.load)
    assert (collapsed, joined) == (False, True)
    source.gate.set()

    assert [(await one.outcome).value for one in (first, second, third)] == [b"1", b"2", b"2"]


async def test_at_most_one_load_of_a_key_runs_while_it_answers_in_time() -> None:
    """An outage of the store does not stampede the database."""
    flight, source = BypassFlight(patience_s=60.0), Gated()
    landings = []
    for _ in range(20):
        landings.append(flight.join("k", source.load)[0].outcome)
        await asyncio.sleep(0)

    assert source.begun == 1
    source.gate.set()
    await asyncio.gather(*landings)
    assert source.begun == 2


async def test_a_slow_load_holds_up_the_next_for_a_moment_only() -> None:
    """The gathered load starts after the patience, even if the running one hangs."""
    flight, hung, quick = BypassFlight(patience_s=0.001), Gated(), Gated()
    quick.gate.set()
    first, _ = flight.join("k", hung.load)
    await asyncio.sleep(0)

    second, _ = flight.join("k", quick.load)

    assert (await second.outcome).value == b"1"
    assert not first.outcome.done()
    hung.gate.set()
    await first.outcome


async def test_keys_do_not_wait_for_each_other() -> None:
    """Only loads of the same key are coalesced."""
    flight, source = BypassFlight(), Gated()
    for number in range(3):
        flight.join(f"k{number}", source.load)
    await asyncio.sleep(0)

    assert source.begun == 3
    source.gate.set()
    await flight.aclose()


async def test_a_failure_reaches_every_caller() -> None:
    """All who joined are told, and the next caller loads again."""
    flight = BypassFlight()

    async def fails() -> Loaded:
        raise ValueError

    first, _ = flight.join("k", fails)
    second, _ = flight.join("k", fails)
    for one in (first, second):
        with pytest.raises(ValueError):  # noqa: PT011 - the type is the message
            await asyncio.shield(one.outcome)
    source = Gated()
    source.gate.set()
    assert (await flight.join("k", source.load)[0].outcome).value == b"1"
