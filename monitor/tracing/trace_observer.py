"""What the traces tell about themselves, and nothing about who listens."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class TraceDecision(StrEnum):
    """What became of a request's trace; the label `decision`."""

    SAMPLED = "sampled"
    KEPT_SLOW = "kept_slow"
    KEPT_FAILED = "kept_failed"
    DROPPED = "dropped"


class SpanLoss(StrEnum):
    """Why spans were lost; the label `reason`."""

    QUEUE_FULL = "queue_full"
    EXPORT_FAILED = "export_failed"


class TraceObserver(Protocol):
    """Receives every decision and every export. Implementations never raise and never block.

    `decided` is called on the event loop, the others also on the exporter's thread.
    """

    def decided(self, decision: TraceDecision, /) -> None:
        """One request's trace was decided on; exactly one call for every request."""
        ...

    def exported(self, spans: int, /) -> None:
        """The exporter accepted that many spans."""
        ...

    def lost(self, reason: SpanLoss, spans: int, /) -> None:
        """That many spans were dropped."""
        ...

    def queued(self, spans: int, /) -> None:
        """That many spans wait for export."""
        ...
