"""May an answer be given to others, now or later? What RFC 9111 says inside a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import Scope

from monitor.middleware.cache_control import age_s, directives, lifetime_s, values
from monitor.middleware.stored_answer import Headers, Varies

_OK, _ABSENT, _SERVER_ERROR = 200, 404, 500
# The load is made without these, so an answer cannot have been chosen by them.
NOT_OF_A_LOAD = frozenset(
    {
        b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range",
        b"range", b"accept-encoding", b"te", b"expect", b"connection", b"keep-alive", b"upgrade",
        b"content-length", b"transfer-encoding",
    }
)  # fmt: skip
_REVALIDATES = ("must-revalidate", "proxy-revalidate", "s-maxage", "no-cache")


class Reuse(NamedTuple):
    """What may be done with an answer beside giving it to who asked for it.

    Attributes:
        stored: Whether it may be stored.
        shared: Whether it may be given to those who asked for the same at the same time.
        lifetime_s: How long it may be stored; None: it does not say.
        revalidates: Whether it may never be served once it is stale.
        age_s: How old it is already.
        varies: What it was chosen by: request headers with the values they had.
    """

    stored: bool
    shared: bool
    lifetime_s: float | None = None
    revalidates: bool = False
    age_s: int = 0
    varies: Varies = ()


_NO = Reuse(stored=False, shared=False)


def reuse_of(status: int, headers: Headers, scope: Scope, now: float, *, overridden: bool) -> Reuse:
    """Judge a complete answer.

    Args:
        status: Its status.
        headers: Its headers, names in lower case.
        scope: The request that it was made for.
        now: Seconds since the epoch.
        overridden: Whether the route's policy decides in the place of the answer's own
            `Cache-Control`, `Expires` and `Age`; `no-store` and cookies are never overridden.
    """
    said = directives(headers)
    varies = _varied(headers, scope, overridden=overridden)
    if values(headers, b"set-cookie") or varies is None:
        return _NO
    if status >= _SERVER_ERROR:
        # Who waits for a service that fails is told so at once, and does not ask it again.
        return Reuse(stored=False, shared=not varies)
    if status not in (_OK, _ABSENT) or _is_for_one(said, overridden=overridden):
        return _NO
    # An absence that says more, such as when to come back, is passed on and not remembered.
    stored = status == _OK or {name for name, _ in headers} <= {b"content-type", b"content-length"}
    if overridden:
        return Reuse(stored, shared=True, varies=varies)
    age, lifetime = age_s(headers), lifetime_s(said, headers, now)
    left = None if lifetime is None else max(0.0, lifetime - age)
    return Reuse(stored and left != 0, left != 0, left, _revalidates(said), age, varies)


def _revalidates(said: Mapping[str, str | None]) -> bool:
    return any(name in said for name in _REVALIDATES) or said.get("stale-if-error") == "0"


def _is_for_one(said: Mapping[str, str | None], *, overridden: bool) -> bool:
    return "no-store" in said or (not overridden and ("private" in said or "no-cache" in said))


def chosen_alike(varies: Varies, scope: Scope) -> bool:
    """Say whether a request would have been given the same of several answers (RFC 9111, 4.1)."""
    return all(_asked(scope, name) == value for name, value in varies)


def selecting(varies: Varies, scope: Scope) -> Varies:
    """Return the same request headers with the values they have in `scope`."""
    return tuple((name, _asked(scope, name)) for name, _ in varies)


def _varied(headers: Headers, scope: Scope, *, overridden: bool) -> Varies | None:
    names = {
        name.strip().lower()
        for value in values(headers, b"vary")
        for name in value.split(b",")
        if name.strip()
    }
    if b"*" in names:
        return None
    if overridden:
        # Its key is made of the tenant that the credential names: the policy says that this is enough.
        names.discard(b"authorization")
    return tuple((name, _asked(scope, name)) for name in sorted(names - NOT_OF_A_LOAD))


def _asked(scope: Scope, name: bytes) -> bytes:
    parts = (part.strip() for value in values(scope["headers"], name) for part in value.split(b","))
    return b",".join(parts)
