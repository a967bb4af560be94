"""Who shares a trip, and what each reader is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from monitor.errors import StoreUnavailable
from monitor.redis.batching import Batcher
from monitor.redis.round_trip import RoundTrip

OWN, OTHER = ("a:gen", "a:gen:*", "a:list"), ("a:gen", "a:gen:*", "a:other")


class Queue(list[RoundTrip]):
    """Takes trips as a link does, and answers every key with its own name."""

    def complete(self) -> list[tuple[Any, ...]]:
        sent = []
        for trip in self:
            (command,) = trip.leave(now=1.0)
            sent.append(command)
            trip.complete([[name.encode() for name in command[1:]]], "run:1")
        self.clear()
        return sent


async def test_a_key_that_several_ask_for_travels_once() -> None:
    """Generations that lookups have in common are asked for once, whoever made the keys."""
    queue = Queue()
    batcher = Batcher(queue.append)
    readers = [batcher.read(keys) for keys in (OWN, OTHER, tuple(map("".join, OWN)))]

    assert queue.complete() == [("MGET", "a:gen", "a:gen:*", "a:list", "a:other")]
    assert [(await reader).values[2] for reader in readers] == [b"a:list", b"a:other", b"a:list"]


async def test_a_reader_who_leaves_harms_none_who_asked_for_the_same() -> None:
    """Whichever of the readers of a key is cancelled, the others have its value."""
    for leaver in range(3):
        queue = Queue()
        batcher = Batcher(queue.append)
        readers = [batcher.read(OWN) for _ in range(3)]
        readers[leaver].cancel()
        queue.complete()
        told = await asyncio.gather(*readers, return_exceptions=True)

        assert [isinstance(answer, asyncio.CancelledError) for answer in told] == [
            number == leaver for number in range(3)
        ]


async def test_a_trip_that_fails_is_told_to_all_who_wait() -> None:
    """First and later readers of a key alike."""
    queue = Queue()
    batcher = Batcher(queue.append)
    readers = [batcher.read(keys) for keys in (OWN, OWN, OTHER, OTHER, OWN)]
    queue[0].fail("timeout")

    told = await asyncio.gather(*readers, return_exceptions=True)
    assert [failure.reason for failure in told if isinstance(failure, StoreUnavailable)] == ["timeout"] * 5


async def test_a_trip_refused_at_once_is_told_to_the_reader_that_began_it() -> None:
    """While the breaker is open nobody waits for a trip that never leaves."""

    def refuse(trip: RoundTrip) -> None:
        trip.closed = True
        trip.fail("breaker_open")

    with pytest.raises(StoreUnavailable, match="breaker"):
        await asyncio.wait_for(Batcher(refuse).read(OWN), 5)
