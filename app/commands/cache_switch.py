"""`taskmed cache`: what an operator asks of the cache of a running service, over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.commands.operator_token import operator_token
from app.variables import Key
from monitor.errors import MonitorError

_SWITCH, _WARM = "/api/cache/switch", "/api/cache/warm"
_TIMEOUT_S = 10.0
_USER = "cli"


class CacheUnreachable(MonitorError):
    """The service did not take the request.

    Args:
        url: Where it was asked.
        reason: Its status and what it says of it, or the connection's error.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} did not take it: {reason}")
        self.url = url
        self.reason = reason


def move(
    url: str,
    keys: Sequence[Key],
    *,
    enabled: bool | None = None,
    share: float | None = None,
    clinic: int | None = None,
    domain: str | None = None,
    token_file: Path | None = None,
) -> str:
    """Move the switch, or only look at it, and say how it stands then.

    Args:
        url: Address of the service.
        keys: Keys of the bearer tokens; an operator's token is minted for this one request.
        enabled: On or off.
        share: On for this share of the traffic.
        clinic: For this clinic alone.
        domain: For this domain alone.
        token_file: Holds an operator's token, in the place of `keys`.

    Raises:
        CacheUnreachable: The service did not take the request.
    """
    token = operator_token(keys, token_file, _USER)
    if enabled is None and share is None:
        [answer] = ask("GET", url.rstrip("/") + _SWITCH, token, None)
    else:
        given = {"enabled": enabled, "share": share, "clinicId": clinic, "domain": domain}
        body = {name: value for name, value in given.items() if value is not None}
        [answer] = ask("PUT", url.rstrip("/") + _SWITCH, token, body)
    said = [f"off for {_words(scope)}" for scope in answer["off"]]
    said += [f"on for {scope['share']:.4g} of {_words(scope)}" for scope in answer["shares"]]
    return f"the cache is {'; '.join(said)}" if said else "the cache is on"


def warm(
    url: str, keys: Sequence[Key], clinic: int | None, rate: float, token_file: Path | None = None
) -> Iterator[Mapping[str, Any]]:
    """Begin a warming and yield its progress until it is over.

    Args:
        url: Address of the service.
        keys: As in `move`.
        clinic: For this clinic alone.
        rate: Lookups a second.
        token_file: As in `move`.

    Raises:
        CacheUnreachable: The service did not take the request, or went away in the middle.
    """
    token = operator_token(keys, token_file, _USER)
    yield from ask("POST", url.rstrip("/") + _WARM, token, {"clinicId": clinic, "rate": rate})


def ask(method: str, url: str, token: Callable[[], str], body: Mapping[str, Any] | None) -> Iterator[Any]:
    """Ask a running service as an operator, and yield every line of its answer.

    Raises:
        CacheUnreachable: The service did not take the request, or went away in the middle.
    """
    request = urllib.request.Request(  # noqa: S310 - http and https alone are allowed by the caller
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {token()}",
            "Content-Type": "application/json",
            "Accept": "application/x-ndjson, application/json",
        },
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the same
            yield from map(json.loads, answer)
    except urllib.error.HTTPError as error:
        with error:
            raise CacheUnreachable(url, f"HTTP {error.code}{_detail(error)}") from None
    except OSError as error:
        raise CacheUnreachable(url, str(error)) from None


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return f", {json.loads(error.read())['detail']}"
    except (ValueError, KeyError, TypeError):
        return ""


def _words(scope: dict[str, Any]) -> str:
    clinic = "all clinics" if scope["clinicId"] is None else f"clinic {scope['clinicId']}"
    return f"{clinic}, {scope['domain'] or 'all domains'}"
