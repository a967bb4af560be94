"""Single-flight: one load, many callers, nobody hurt by another's leaving."""

from __future__ import annotations

import asyncio

import pytest

from monitor.cache.single_flight import SingleFlight


async def test_callers_of_one_key_share_a_flight() -> None:
    """While a flight is under way, newcomers find it."""
    flights: SingleFlight[int] = SingleFlight()
    gate = asyncio.Event()

    async def work(landed: asyncio.Future[int]) -> None:
        await gate.wait()
        landed.set_result(1)

    first = flights.begin("a", work)
    assert flights.current("a") is first
    assert flights.current("b") is None
    gate.set()
    assert await first == 1
    await flights.aclose()
    assert len(flights) == 0


async def test_a_flight_is_found_until_its_work_returns() -> None:
    """Callers are answered at landing; newcomers still join while the fill goes on."""
    flights: SingleFlight[int] = SingleFlight()
    filled = asyncio.Event()

    async def work(landed: asyncio.Future[int]) -> None:
        landed.set_result(1)
        await filled.wait()

    landed = flights.begin("a", work)
    assert await asyncio.shield(landed) == 1
    assert flights.current("a") is landed
    filled.set()
    await flights.aclose()
    assert flights.current("a") is None


async def test_a_cancelled_caller_does_not_end_the_flight() -> None:
    """The one who started it leaves; the others are answered."""
    flights: SingleFlight[int] = SingleFlight()
    gate = asyncio.Event()

    async def work(landed: asyncio.Future[int]) -> None:
        await gate.wait()
        landed.set_result(1)

    async def caller() -> int:
        return await asyncio.shield(flights.current("a") or flights.begin("a", work))

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

    async def fails(landed: asyncio.Future[int]) -> None:
        raise ValueError

    landed = flights.begin("a", fails)
    answers = await asyncio.gather(*(asyncio.shield(landed) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 3
    await flights.aclose()
    assert flights.current("a") is None


async def test_a_cancelled_flight_cancels_its_callers() -> None:
    """At shutdown nobody waits for ever."""
    flights: SingleFlight[int] = SingleFlight()

    async def work(landed: asyncio.Future[int]) -> None:
        await asyncio.Event().wait()

    landed = flights.begin("a", work)
    await asyncio.sleep(0)
    for task in tuple(flights._tasks):
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.shield(landed)
