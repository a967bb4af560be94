"""`taskmed top`: the service in a terminal, live, over its own endpoints."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.live import Live

from app.commands.top_screen import Json, Screen
from monitor.errors import MonitorError

_TIMEOUT_S = 5.0
_LEAST_S = 0.5
_UNAVAILABLE = 503
_REFUSED = (401, 403)

Wait = Callable[[float], object]


class TopRefused(MonitorError):
    """The service does not show its figures to this token.

    Args:
        status: The answer's status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the service refused the token with HTTP {status}; give an operator's")
        self.status = status


class Unreachable(MonitorError):
    """The service did not answer, or not as a TaskMed service does."""


class ServiceFigures:
    """Reads a service's figures.

    Args:
        url: Its address.
        token: Gives an operator's token.
    """

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def read(self) -> tuple[Json, Json]:
        """Return the answers of `/api/metrics` and `/api/health`.

        Raises:
            TopRefused: The token is no operator's.
            Unreachable: There was no answer, or another one.
        """
        metrics, health = self._ask("/api/metrics"), self._ask("/api/health")
        if "api" not in metrics or "status" not in health:
            raise Unreachable("this is no TaskMed service")
        return metrics, health

    def _ask(self, path: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the command line takes http and https alone
            self._url + path, headers={"Authorization": f"Bearer {self._token()}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the same
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return self._explain(error)
        except (OSError, ValueError) as error:
            raise Unreachable(f"no answer: {getattr(error, 'reason', error)}") from None

    def _explain(self, error: urllib.error.HTTPError) -> Any:
        if error.code in _REFUSED:
            raise TopRefused(error.code)
        if error.code == _UNAVAILABLE:  # the health of a service that cannot serve is news, not a failure
            try:
                return json.load(error)
            except ValueError:
                pass
        raise Unreachable(f"HTTP {error.code}")


def run_top(
    figures: ServiceFigures,
    url: str,
    console: Console,
    *,
    every_s: float = 2.0,
    once: bool = False,
    wait: Wait = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Show the service until Ctrl-C; once where nobody sees a terminal.

    Args:
        figures: Where the figures come from.
        url: What to call the service on the screen.
        console: The terminal.
        every_s: Time between refreshes, at least half a second.
        once: Print one screen and end.
        wait: Waits that many seconds.
        now: Monotonic seconds.

    Raises:
        TopRefused: The token is no operator's.
        Unreachable: There was no answer, and only one was asked for.
    """
    screen = Screen(url)
    if once or not console.is_terminal:
        screen.take(*figures.read(), now())
        console.print(screen.draw(console.width, console.height))
        return
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                _refresh(screen, figures, now)
                live.update(screen.draw(console.width, console.height), refresh=True)
                wait(max(_LEAST_S, every_s))
    except KeyboardInterrupt:
        return


def _refresh(screen: Screen, figures: ServiceFigures, now: Callable[[], float]) -> None:
    try:
        screen.take(*figures.read(), now())
    except Unreachable as error:
        screen.problem = str(error)
