"""What a service is built of is no work for the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from monitor.garbage import spare_what_lasts


class Cycle:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_exists_is_not_walked_over_again() -> None:
    """A collection looks at what was made later, and at nothing that the service is built of."""
    lasting = [Cycle() for _ in range(10)]
    spare_what_lasts()
    later = Cycle()
    seen = gc.get_objects()

    assert any(one is later for one in seen)
    assert not any(one is lasting[0] for one in seen)


def test_later_garbage_is_still_found() -> None:
    """Cycles that requests leave behind are freed as ever."""
    spare_what_lasts()
    later = Cycle()
    gone = weakref.ref(later)
    del later
    gc.collect()

    assert gone() is None


def test_a_crowd_of_requests_is_not_garbage() -> None:
    """Thousands of objects that are alive at once bring no collection about."""
    spare_what_lasts()
    before = gc.get_stats()[0]["collections"]
    alive = [[number] for number in range(20_000)]

    assert len(alive) == 20_000
    assert gc.get_stats()[0]["collections"] == before
