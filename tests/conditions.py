"""Waiting for a condition of the real world, with a deadline and without a fixed sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], bool | Awaitable[bool]], deadline_s: float = 10.0) -> None:
    """Return once `holds()`; fail after `deadline_s`."""
    ends = time.monotonic() + deadline_s
    while True:
        held = holds()
        if await held if isinstance(held, Awaitable) else held:
            return
        if time.monotonic() > ends:
            raise AssertionError(f"the condition did not hold within {deadline_s} s")
        await asyncio.sleep(0.002)
