"""When requests are due.

A generator that waits for each answer before it sends the next request slows down with the
service and so leaves out the very waits it should measure (coordinated omission; G. Tene).
Here the times are drawn beforehand, and a request is measured from the time it was due.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

WHENEVER = None


def poisson(rate: float, seconds: float, most: int, random: Random) -> Iterator[float]:
    """Yield the seconds after the start at which independent users ask, in order.

    Args:
        rate: Requests a second, on average.
        seconds: No request is due later.
        most: Upper bound of the number of requests.
        random: Source of the gaps.
    """
    due = random.expovariate(rate)
    for sent in count():
        if due > seconds or sent >= most:
            return
        yield due
        due += random.expovariate(rate)


def back_to_back(most: int) -> Iterator[None]:
    """Yield `most` requests that are due whenever a user is free: a closed loop, for capacity only."""
    for _ in range(most):
        yield WHENEVER
