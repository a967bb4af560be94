"""Work behind the requests is bounded, in order, and never makes anyone wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from monitor.background_queue import BackgroundQueue


class Taker:
    """Receives batches, and can be held up."""

    def __init__(self) -> None:
        self.fails = False
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.batches: list[list[int]] = []
        self.lost: list[int] = []

    def take(self, batch: Sequence[int]) -> None:
        self.entered.set()
        self.free.wait(10)
        if self.fails:
            raise OSError
        self.batches.append(list(batch))

    def handoff(self, capacity: int = 100, batch: int = 4, interval_s: float = 0.01) -> BackgroundQueue[int]:
        return BackgroundQueue(
            self.take, self.lost.append, name="test", capacity=capacity, batch=batch, interval_s=interval_s
        )

    @property
    def taken(self) -> list[int]:
        return [item for batch in self.batches for item in batch]


def test_items_arrive_in_order_and_in_batches() -> None:
    """Everything put is taken, in order, at most one batch at a time."""
    taker = Taker()
    handoff = taker.handoff()

    for item in range(50):
        handoff.put([item])

    assert handoff.flush(10)
    assert taker.taken == list(range(50))
    assert max(map(len, taker.batches)) <= 4
    assert taker.lost == []


def test_what_finds_no_room_is_lost_and_counted() -> None:
    """A stuck taker costs items, never time."""
    taker = Taker()
    taker.free.clear()
    handoff = taker.handoff(capacity=10, batch=1)
    handoff.put([0])
    assert taker.entered.wait(10)

    handoff.put(range(1, 8))
    handoff.put(range(8, 20))
    handoff.put([20])

    assert taker.lost == [9, 1]
    taker.free.set()
    assert handoff.flush(10)
    assert taker.taken == list(range(11))


def test_a_full_batch_does_not_wait_for_the_interval() -> None:
    """So many items that they fill a batch are taken at once."""
    taker = Taker()
    handoff = taker.handoff(interval_s=3_600)

    handoff.put(range(4))

    assert taker.entered.wait(10)


def test_flush_says_when_it_could_not() -> None:
    """A flush gives up at its deadline and says so."""
    taker = Taker()
    taker.free.clear()
    handoff = taker.handoff()
    handoff.put([1])

    assert not handoff.flush(0.01)
    taker.free.set()
    assert handoff.flush(10)


def test_a_batch_that_fails_is_lost_and_the_next_is_taken() -> None:
    """A taker that raises costs its batch and nothing else."""
    taker = Taker()
    taker.fails = True
    handoff = taker.handoff()
    handoff.put([1, 2])
    assert handoff.flush(10)

    taker.fails = False
    handoff.put([3])

    assert handoff.flush(10)
    assert (taker.taken, taker.lost) == ([3], [2])


def test_items_from_many_threads_all_arrive_once() -> None:
    """Whoever puts, and however many at once, every item is taken exactly once."""
    taker = Taker()
    handoff = taker.handoff(capacity=100_000)

    def put(first: int) -> None:
        for number in range(first, first + 500):
            handoff.put([number])

    threads = [threading.Thread(target=put, args=(first,)) for first in range(0, 4_000, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert handoff.flush(10)
    assert sorted(taker.taken) == list(range(4_000))


def test_after_close_everything_is_lost_and_counted() -> None:
    """Closing hands over what waits; what comes later is counted as lost."""
    taker = Taker()
    handoff = taker.handoff(interval_s=3_600)
    handoff.put([1])

    handoff.close(10)
    handoff.put([2])

    assert taker.taken == [1]
    assert taker.lost == [1]


def test_each_forked_worker_has_a_thread_of_its_own() -> None:
    """A process that forks after the first item goes on handing over in the child."""
    taker = Taker()
    handoff = taker.handoff()
    handoff.put([1])
    assert handoff.flush(10)

    child = os.fork()
    if child == 0:
        handoff.put([2])
        os._exit(0 if handoff.flush(10) and taker.taken == [1, 2] else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_while_items_wait_hands_over_in_the_child_too() -> None:
    """What waited when the process forked keeps nobody in the child from being heard."""
    taker = Taker()
    handoff = taker.handoff(capacity=1_000, batch=1_000, interval_s=3_600)
    for item in range(5):
        handoff.add(item)

    child = os.fork()
    if child == 0:
        for item in range(5, 70):
            handoff.add(item)
        os._exit(0 if handoff.flush(10) and taker.taken == list(range(70)) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert handoff.flush(10)
