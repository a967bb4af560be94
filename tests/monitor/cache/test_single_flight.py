"""Single-flight: one load, many callers, nobody hurt by another's leaving."""

from __future__ import annotations

import asyncio

import pytest

from monitor.cache.single_flight import Flight, SingleFlight, current_flight
from tests.conditions import until


async def test_callers_of_one_key_share_a_flight() -> None:
    """While a flight is under way, newcomers find it."""
    flights: SingleFlight[int] = SingleFlight()
    gate = asyncio.Event()

    async def work(outcome: asyncio.Future[int]) -> None:
        await gate.wait()
        outcome.set_result(1)

    first = flights.begin("a", work)
    assert flights.current("a") is first
    assert flights.current("b") is None
    gate.set()
    assert await first.outcome == 1
    await flights.aclose()
    assert len(flights) == 0


async def test_a_flight_is_found_until_its_work_returns() -> None:
    """Callers are answered at landing; newcomers still join while the fill goes on."""
    flights: SingleFlight[int] = SingleFlight()
    filled = asyncio.Event()

    async def work(outcome: asyncio.Future[int]) -> None:
        outcome.set_result(1)
        await filled.wait()

    flight = flights.begin("a", work)
    assert await asyncio.shield(flight.outcome) == 1
    assert flights.current("a") is flight
    filled.set()
    await flights.aclose()
    assert flights.current("a") is None


async def test_a_cancelled_caller_does_not_end_the_flight() -> None:
    """The one who started it leaves; the others are answered."""
    flights: SingleFlight[int] = SingleFlight()
    gate = asyncio.Event()

    async def work(outcome: asyncio.Future[int]) -> None:
        await gate.wait()
        outcome.set_result(1)

    async def caller() -> int:
        return await asyncio.shield((flights.current("a") or flights.begin("a", work)).outcome)

    callers = [asyncio.ensure_future(caller()) for _ in range(5)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [1, 1, 1, 1]


async def test_a_failure_reaches_every_caller_and_is_forgotten() -> None:
    """The next caller starts anew."""
    flights: SingleFlight[int] = SingleFlight()

    async def fails(outcome: asyncio.Future[int]) -> None:
        raise ValueError

    flight = flights.begin("a", fails)
    shielded = [asyncio.shield(flight.outcome) for _ in range(3)]
    answers = await asyncio.gather(*shielded, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 3
    await flights.aclose()
    assert flights.current("a") is None


async def test_a_cancelled_flight_cancels_its_callers() -> None:
    """At shutdown nobody waits for ever."""
    flights: SingleFlight[int] = SingleFlight()

    async def work(outcome: asyncio.Future[int]) -> None:
        await asyncio.Event().wait()

    flight = flights.begin("a", work)
    await asyncio.sleep(0)
    for task in tuple(flights._tasks):
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.shield(flight.outcome)


class Client:
    """A caller that goes when a test says so."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.asked = 0

    async def gone(self) -> None:
        self.asked += 1
        await self.left.wait()


class Listening:
    """A load that wants to know whether anybody still waits for it."""

    def __init__(self) -> None:
        self.flights: SingleFlight[int] = SingleFlight()
        self.gate = asyncio.Event()
        self.told = asyncio.Event()

    async def work(self, outcome: asyncio.Future[int]) -> None:
        flight = current_flight()
        assert flight is not None
        await flight.deserted()
        self.told.set()
        await self.gate.wait()
        outcome.set_result(1)


async def waits(flight: Flight[int], client: Client) -> int:
    with flight.aboard(client.gone) as outcome:
        return await asyncio.shield(outcome)


async def test_a_load_is_deserted_when_its_last_caller_has_gone() -> None:
    """One who leaves, by word or by cancellation, ends nothing for the other."""
    load, first, second, third = Listening(), Client(), Client(), Client()
    flight = load.flights.begin("a", load.work)
    callers = [asyncio.ensure_future(waits(flight, one)) for one in (first, second)]
    await until(lambda: second.asked == 1)
    callers.append(asyncio.ensure_future(waits(flight, third)))
    await until(lambda: third.asked == 1)
    first.left.set()
    callers[1].cancel()
    await asyncio.wait([callers[1]])
    assert not load.told.is_set()
    third.left.set()
    await load.told.wait()

    load.gate.set()
    assert await callers[0] == await callers[2] == 1


async def test_a_deserted_load_is_joined_by_nobody() -> None:
    """It may have stopped half-way: who comes now begins a load of its own."""
    load, client = Listening(), Client()
    flight = load.flights.begin("a", load.work)
    caller = asyncio.ensure_future(waits(flight, client))
    await until(lambda: client.asked == 1)
    client.left.set()
    await load.told.wait()

    assert load.flights.current("a") is None
    load.gate.set()
    await caller


async def test_a_load_for_those_who_come_later_is_never_deserted() -> None:
    """What is loaded behind a hit goes on, though nobody waits for it."""
    load = Listening()
    load.flights.begin("a", load.work).keep()
    for _ in range(5):
        await asyncio.sleep(0)

    assert not load.told.is_set()
    assert load.flights.current("a") is not None


async def test_callers_are_left_alone_by_a_load_that_does_not_ask() -> None:
    """Nobody's connection is listened to unless a load wants to know."""
    flights: SingleFlight[int] = SingleFlight()
    client = Client()

    async def work(outcome: asyncio.Future[int]) -> None:
        await asyncio.sleep(0)
        outcome.set_result(1)

    assert await waits(flights.begin("a", work), client) == 1
    assert client.asked == 0
