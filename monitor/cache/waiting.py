"""Waiting for something, or for the clock."""

from __future__ import annotations

import asyncio
from typing import Any

from monitor.clock import Clock


async def within(clock: Clock, awaited: asyncio.Future[Any], seconds: float) -> bool:
    """Say whether `awaited` is done within `seconds` of `clock`; it is neither cancelled nor fetched."""
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((awaited, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
    return awaited.done()


async def set_within(clock: Clock, event: asyncio.Event, seconds: float) -> bool:
    """Say whether `event` is set within `seconds` of `clock`."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        return await within(clock, waiting, seconds)
    finally:
        waiting.cancel()
