"""The kit's front: settings in, a Monitor out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

from monitor.clock import Clock, SystemClock
from monitor.kit.adoption import Adoption
from monitor.settings import MonitorSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from monitor.kit.monitor import Monitor


def build_monitor(
    settings: MonitorSettings,
    adoption: Adoption,
    *,
    clock: Clock | None = None,
    registry: CollectorRegistry | None = None,
    stream: BinaryIO | None = None,
) -> Monitor:
    """Join the kit for one worker.

    Args:
        settings: What an operator chose.
        adoption: What the service says about itself.
        clock: Time; the machine's own where none is given.
        registry: Where the kit's collector is registered, beside the service's own instruments.
        stream: Where log lines go; standard output where none is given.

    Raises:
        ConfigurationError: A setting cannot work, or needs an extra that is not installed; it names it.
    """
    # Loaded here, where it is used: importing the front costs an application next to nothing.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    from monitor.kit.monitor import Monitor  # noqa: PLC0415

    monitor = Monitor(
        settings,
        adoption,
        clock or SystemClock(),
        registry or CollectorRegistry(),
        stream or sys.stdout.buffer,
    )
    # Where somebody else has taken standard output over, as pytest does, it is left to them.
    if stream is None and settings.own_output and sys.stdout is sys.__stdout__:
        monitor.own_output()
    return monitor
