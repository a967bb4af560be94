"""Tokens that are withdrawn before they expire: one by one, or all that a user had."""

from __future__ import annotations

from collections.abc import Callable

from app.standing.book import Order, OrderKind

Owner = tuple[int | None, str]  # clinic, or None for an operator, and a token's id or a user


class Revocations:
    """Says which tokens are withdrawn, as the standing orders say.

    Args:
        time: Seconds since the Unix epoch, now.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._tokens: dict[Owner, float] = {}
        self._users: dict[Owner, tuple[float, float]] = {}
        self._listeners: list[Callable[[], None]] = []

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called whenever something was withdrawn."""
        self._listeners.append(changed)

    def take(self, order: Order) -> None:
        """Keep to an order, where it is one about tokens."""
        if order.kind is OrderKind.TOKEN:
            self._tokens[order.clinic, order.subject] = order.ends_at
        elif order.kind is OrderKind.USER:
            self._users[order.clinic, order.subject] = order.created_at, order.ends_at
        else:
            return
        self._forget()
        for changed in self._listeners:
            changed()

    def withdrawn(self, *, clinic: int | None, user: str, token_id: str, issued_at: float) -> bool:
        """Say whether a token no longer counts.

        Args:
            clinic: Whose it is; None for an operator's.
            user: Whose it is.
            token_id: Its own id.
            issued_at: When it was made, in seconds since the Unix epoch; 0 where it does not say.
        """
        if (clinic, token_id) in self._tokens:
            return True
        since = self._users.get((clinic, user))
        return since is not None and issued_at <= since[0]

    def _forget(self) -> None:
        # After its end no token can be left that an order is about.
        now = self._time()
        self._tokens = {owner: ends for owner, ends in self._tokens.items() if ends > now}
        self._users = {owner: span for owner, span in self._users.items() if span[1] > now}
