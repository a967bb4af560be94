"""What the database layer tells about itself, and nothing about who listens."""

from __future__ import annotations

from typing import Protocol


class DatabaseObserver(Protocol):
    """Receives every database call; durations in seconds. Implementations never raise and never block."""

    def queried(
        self,
        system: str,
        operation: str,
        collection: str,
        summary: str,
        seconds: float,
        error_type: str | None,
    ) -> None:
        """One statement ended, in the words of OpenTelemetry's stable database conventions."""
        ...

    def slow_query(self, summary: str, seconds: float) -> None:
        """A statement took longer than the slow-query bound."""
        ...

    def pool_waited(self, seconds: float, timed_out: bool) -> None:  # noqa: FBT001 - a fact, not a switch
        """A connection was handed out after that wait, or the wait ran out."""
        ...

    def pool_sized(self, idle: int, used: int, maximum: int) -> None:
        """The pool now has that many connections."""
        ...


class Unobserved:
    """Listens to nothing; for tools that work on the database and serve nobody."""

    def queried(self, *_: object, **__: object) -> None: ...

    def slow_query(self, *_: object, **__: object) -> None: ...

    def pool_waited(self, *_: object, **__: object) -> None: ...

    def pool_sized(self, *_: object, **__: object) -> None: ...
