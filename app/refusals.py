"""How a request without valid credentials is answered, and how often an address may try.

Whoever holds a valid token passes, whatever the others at the same address do: a clinic behind
one address cannot be locked out by a guesser in its own waiting room.
"""

from __future__ import annotations

from collections import OrderedDict

from starlette.responses import Response
from starlette.types import Scope

from app.problems import TooManyAttempts, Unauthenticated, render
from monitor.clock import Clock
from monitor.errors import AuthenticationError

_TRIES, _AGAIN_S = 60.0, 1.0  # so many at once, and one more after so long
_ADDRESSES = 10_000
_NO_TRY = "missing"


class Refusals:
    """Answers refused requests; failed sign-ins beyond an address's bound are told to wait.

    Args:
        clock: What the bound is measured by.
    """

    def __init__(self, clock: Clock) -> None:
        self._now = clock.monotonic
        self._tries: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __call__(self, scope: Scope, error: AuthenticationError) -> Response:
        """Answer the request of `scope`, whose credentials failed for the reason of `error`."""
        if error.reason != _NO_TRY and self._over(scope):
            return render(TooManyAttempts(), scope)
        return render(Unauthenticated(f"Send a valid bearer token; this one is {error.reason}."), scope)

    def _over(self, scope: Scope) -> bool:
        address, now = (scope.get("client") or ("",))[0], self._now()
        left, at = self._tries.pop(address, (_TRIES, now))
        left = min(_TRIES, left + (now - at) / _AGAIN_S)
        self._tries[address] = max(0.0, left - 1), now
        if len(self._tries) > _ADDRESSES:
            self._tries.popitem(last=False)
        return left < 1
