"""One round trip to a store: commands that leave together, and who waits for the replies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from monitor.errors import StoreUnavailable


class RoundTrip:
    """One round trip: commands that leave together, and who waits for the replies.

    Attributes:
        operation: The word for metrics and errors.
        sent_at: Monotonic time at which it left; 0 until then.
        closed: Whether it was sent or has failed, so that nothing can join it any more.
        deadline: When it fails; None once it has ended.
        extensions: How often the deadline was put off, because the event loop itself was late.
    """

    __slots__ = (
        "_left",
        "_replies",
        "closed",
        "deadline",
        "extensions",
        "operation",
        "sent_at",
        "started_at",
    )

    def __init__(self, operation: str) -> None:
        self.operation: str = operation
        self.started_at: float = 0.0
        self.sent_at: float = 0.0
        self.closed: bool = False
        self.deadline: asyncio.TimerHandle | None = None
        self.extensions: int = 0
        self._replies: list[Any] = []
        self._left = 0

    @property
    def commands(self) -> Sequence[tuple[Any, ...]]:
        """The commands; asked for once, at sending."""
        raise NotImplementedError

    def complete(self, replies: Sequence[Any], incarnation: str) -> None:
        """Hand every reply to who waits."""
        raise NotImplementedError

    def fail(self, reason: str, detail: str | None = None) -> None:
        """Tell who waits that there will be no reply; see `StoreUnavailable`."""
        raise NotImplementedError

    def size(self, replies: Sequence[Any]) -> int:  # noqa: ARG002 - overridden where replies carry values
        """Return the bytes of values in the replies."""
        return 0

    def leave(self, now: float) -> Sequence[tuple[Any, ...]]:
        """Close it and return what to send."""
        self.closed = True
        self.sent_at = now
        commands = self.commands
        self._left = len(commands)
        return commands

    def take(self, reply: Any) -> bool:
        """Add one reply; True when it was the last."""
        self._replies.append(reply)
        self._left -= 1
        return not self._left

    def end(self) -> None:
        """Stop its deadline."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    @property
    def replies(self) -> Sequence[Any]:
        return self._replies


class CallRoundTrip(RoundTrip):
    """A round trip of one caller, awaited through `done`.

    Args:
        operation: The word for metrics and errors.
        commands: What to send.
    """

    __slots__ = ("_commands", "done")

    def __init__(self, operation: str, commands: Sequence[tuple[Any, ...]]) -> None:
        super().__init__(operation)
        self._commands = commands
        self.done: asyncio.Future[tuple[Sequence[Any], str]] = asyncio.get_running_loop().create_future()

    @property
    def commands(self) -> Sequence[tuple[Any, ...]]:
        return self._commands

    def complete(self, replies: Sequence[Any], incarnation: str) -> None:
        if not self.done.done():
            self.done.set_result((replies, incarnation))

    def fail(self, reason: str, detail: str | None = None) -> None:
        if not self.done.done():
            self.done.set_exception(StoreUnavailable(self.operation, reason, detail))
