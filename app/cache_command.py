"""`taskmed cache`: the cache switch of a running service, moved by an operator."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from app.auth import Role, TokenIssuer
from app.variables import Key
from monitor.clock import SystemClock
from monitor.errors import MonitorError

_PATH = "/api/cache/switch"
_TIMEOUT_S = 10.0
_TOKEN_S = 60.0


class SwitchUnreachable(MonitorError):
    """The service did not take the request.

    Args:
        url: Where it was asked.
        reason: Its status or the connection's error.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the switch at {url} was not reached: {reason}")
        self.url = url
        self.reason = reason


def move(
    url: str, keys: Sequence[Key], *, enabled: bool | None, clinic: int | None, domain: str | None
) -> str:
    """Move the switch, or only look at it where `enabled` is None, and say what is off then.

    Args:
        url: Address of the service.
        keys: Keys of the bearer tokens; an operator's token is minted for this one request.
        enabled: On or off.
        clinic: For this clinic alone.
        domain: For this domain alone.

    Raises:
        SwitchUnreachable: The service did not take the request.
    """
    position = {"enabled": enabled, "clinicId": clinic, "domain": domain}
    answer = _ask(url.rstrip("/") + _PATH, keys, None if enabled is None else position)
    off = [_words(scope) for scope in answer["off"]]
    return f"the cache is off for {'; '.join(off)}" if off else "the cache is on"


def _ask(url: str, keys: Sequence[Key], position: dict[str, Any] | None) -> Any:
    token = TokenIssuer(keys, SystemClock()).mint(role=Role.OPERATOR, user="cli", lifetime_s=_TOKEN_S)
    request = urllib.request.Request(  # noqa: S310 - http and https alone are allowed by the caller
        url,
        data=None if position is None else json.dumps(position).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="GET" if position is None else "PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the same
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise SwitchUnreachable(url, f"HTTP {error.code}") from None
    except OSError as error:
        raise SwitchUnreachable(url, str(error)) from None


def _words(scope: dict[str, Any]) -> str:
    clinic = "all clinics" if scope["clinicId"] is None else f"clinic {scope['clinicId']}"
    return f"{clinic}, {scope['domain'] or 'all domains'}"
