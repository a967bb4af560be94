"""Tells a frozen server from a slow statement, so that nobody waits for an answer that will not come.

A statement may take long, so its time alone says nothing. But a server that lives answers a new
connection meanwhile; one that does not within a second is taken for frozen, and what waits for it
is given up, instead of each waiting for the statement's own limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE_S = 1.0
_PROBE_S = 1.0


class Watch:
    """One call that waits for the server; `cancel` it once the call has ended."""

    __slots__ = ("_give_up", "_handle", "_silence")

    def __init__(self, silence: Silence, give_up: Callable[[], None], patience_s: float) -> None:
        self._silence = silence
        self._give_up = give_up
        self._handle = asyncio.get_running_loop().call_later(patience_s, self._grow_late)

    def cancel(self) -> None:
        """End the watch."""
        self._handle.cancel()
        self._silence.forget(self)

    def judge(self, *, alive: bool, patience_s: float) -> None:
        """Wait for as long again where the server lives; give up where it does not."""
        if alive:
            self._handle = asyncio.get_running_loop().call_later(patience_s, self._grow_late)
        else:
            self._give_up()

    def _grow_late(self) -> None:
        self._silence.ask_for(self)


class Silence:
    """Watches the calls of one database.

    Args:
        probe: Asks the server over a new connection; it raises what it likes, but only a live server
            lets it end in time.
        patience_s: How long a call may take before the server is asked whether it lives.
        probe_s: How long that answer may take.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[object]],
        *,
        patience_s: float = _PATIENCE_S,
        probe_s: float = _PROBE_S,
    ) -> None:
        self._probe = probe
        self._patience_s = patience_s
        self._probe_s = probe_s
        self._late: set[Watch] = set()
        self._asking: asyncio.Task[None] | None = None

    def watch(self, give_up: Callable[[], None]) -> Watch:
        """Watch a call from now on.

        Args:
            give_up: Makes the call fail at once; called where the server is frozen.
        """
        return Watch(self, give_up, self._patience_s)

    def ask_for(self, watch: Watch) -> None:
        """Ask whether the server lives, together with all who want to know."""
        self._late.add(watch)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())

    def forget(self, watch: Watch) -> None:
        """Let go of a call that has ended."""
        self._late.discard(watch)

    async def aclose(self) -> None:
        """Leave no question behind."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait((self._asking,))

    async def _ask(self) -> None:
        probing = asyncio.ensure_future(self._probe())
        try:
            await asyncio.wait((probing,), timeout=self._probe_s)
            alive = probing.done()
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
        late, self._late = self._late, set()
        for watch in late:
            watch.judge(alive=alive, patience_s=self._patience_s)
