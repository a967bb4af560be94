"""What becomes of a batch of spans that an exporter was given."""

from __future__ import annotations

from typing import NamedTuple


class Delivery(NamedTuple):
    """What became of one batch.

    Attributes:
        accepted: Whether the receiver took it.
        rejected: How many of its spans the receiver refused although it took the batch
            (OTLP's partial success).
        reason: Why spans were lost: a status, an exception's class or `partial_success`.
    """

    accepted: bool
    rejected: int = 0
    reason: str = ""
