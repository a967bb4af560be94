"""Stress: the fault in force, if there is one. It lasts a bounded time and ends by itself."""

from __future__ import annotations

import os

import msgspec

from app.schemas.stress import Fault, FaultContent
from app.standing.book import Order, OrderKind
from monitor.clock import Clock


class StressService:
    """Holds the fault of this worker.

    Args:
        clock: What the fault's end is judged by.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fault: FaultContent | None = None
        self._until = 0.0
        self._due = 0.0

    def set(self, content: FaultContent) -> Fault:
        """Put a fault in force, in the place of any other."""
        self._fault, self._due = content, 0.0
        self._until = self._clock.monotonic() + content.seconds
        return self.show()

    def clear(self) -> None:
        """End the fault."""
        self._fault = None

    def take(self, order: Order) -> None:
        """Keep to a standing order, where it is one about faults."""
        if order.kind is not OrderKind.FAULT:
            return
        if not order.value:
            self.clear()
            return
        self.set(msgspec.json.decode(order.value, type=FaultContent))
        self._until = self._clock.monotonic() + order.ends_at - self._clock.time()

    def show(self) -> Fault:
        """Return the fault in force."""
        fault, worker = self._current(), os.getpid()
        if fault is None:
            return Fault(active=False, seconds_left=0.0, worker=worker)
        left = round(self._until - self._clock.monotonic(), 1)
        values = {name: getattr(fault, name) for name in fault.__struct_fields__ if name != "seconds"}
        return Fault(active=True, seconds_left=left, worker=worker, **values)

    def affecting(self, clinic: int | None) -> FaultContent | None:
        """Return the fault that requests of `clinic` are to suffer; None stands for no clinic."""
        fault = self._current()
        return fault if fault is not None and (not fault.clinics or clinic in fault.clinics) else None

    def must_fail(self, fault: FaultContent) -> bool:
        """Say whether the next request is one of the fault's share of errors; they are spread evenly."""
        self._due += fault.error_share
        # The smallest part forgives what binary fractions lose, so that ten times 0.1 is one.
        if self._due < 1 - 1e-9:
            return False
        self._due -= 1
        return True

    def _current(self) -> FaultContent | None:
        if self._fault is not None and self._clock.monotonic() >= self._until:
            self._fault = None
        return self._fault
