"""What the performance middleware tells, and nothing about who listens."""

from __future__ import annotations

from typing import Protocol

from monitor.metrics.catalogue import Outcome


class HttpObserver(Protocol):
    """Receives the beginning and the end of every request and websocket connection.

    Methods are known ones or `_OTHER`, routes are full templates or `__unmatched__`,
    durations are in seconds. Implementations never raise and never block.
    """

    def begin(self, method: str, /) -> None:
        """A request came in; exactly one `end` with the same method follows."""
        ...

    def end(  # noqa: PLR0917 - one call for each request, by position
        self,
        method: str,
        route: str,
        status: int,
        error_type: str | None,
        outcome: Outcome,
        tenant: int | None,
        seconds: float,
        exemplar: str | None,
        known: bool,  # noqa: FBT001 - one call for each request, by position
        /,
    ) -> None:
        """A request ended.

        Args:
            method: As in `begin`.
            route: The route's template.
            status: What was sent; 500 where a failure left nothing sent, 499 where the client left first.
            error_type: Class of the exception, or the status, of a failure of the service; None otherwise.
            outcome: How it ended.
            tenant: The authenticated tenant, if any.
            seconds: From the first byte of the request to the last byte of the answer.
            exemplar: Hex id of the request's trace if that trace was kept, else None.
            known: Whether somebody signed in asked.
        """
        ...

    def first_byte(self, route: str, seconds: float, /) -> None:
        """An answer in several parts sent its first body byte after that time."""
        ...

    def websocket_opened(self, route: str, /) -> None:
        """A websocket connection began; exactly one `websocket_closed` follows."""
        ...

    def websocket_closed(self, route: str, error_type: str | None, seconds: float, /) -> None:
        """A websocket connection ended, was refused or failed."""
        ...
