"""`taskmed top`: what it shows, what it survives, how it ends."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from rich.console import Console

from app.commands.top import ServiceFigures, TopRefused, Unreachable, run_top


def latency(**more: Any) -> dict[str, Any]:
    return {"avgResponseTime": 12.5, "p50": 10.0, "p95": 20.0, "p99": 45.0, "errorRate": "0%", **more}


def metrics(calls: int = 100, **more: Any) -> dict[str, Any]:
    return {
        "api": latency(totalCalls=calls),
        "cache": {
            "hitRate": "91%",
            "total": 90,
            "domains": [{"domain": "contacts", "hitRate": "91%", "total": 90}],
        },
        "tenants": [latency(clinicId=n, requests=n * 10, hitRate="91%") for n in range(1, 40)],
        "routes": [latency(method="GET", route="/api/contacts", requests=90)],
        "issues": [],
        "window": {"seconds": 300.0, "requests": 90, "minimumSamples": 20},
        **more,
    }


HEALTH = {
    "status": "ok",
    "cache": {"healthy": True, "message": "Cache operational"},
    "performance": {"healthy": True, "issues": []},
    "checks": [{"name": "database", "healthy": True, "essential": True, "latencyMs": 1.25, "problem": None}],
}


class Fake(ThreadingHTTPServer):
    """A service that answers as it is told; each path with a status and a body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any]] = {
            "/api/metrics": (200, metrics()),
            "/api/health": (200, HEALTH),
        }
        self.tokens: list[str | None] = []

    @classmethod
    def serving(cls) -> Iterator[Fake]:
        """Give a fake that serves until the generator ends."""
        with cls() as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server
            server.shutdown()
            thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_GET(self) -> None:
        status, body = self.server.answers[self.path]
        self.server.tokens.append(self.headers["Authorization"])
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else msgspec.json.encode(body))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def fake() -> Iterator[Fake]:
    """Give a service that answers."""
    yield from Fake.serving()


def console(width: int = 140, *, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), width=width, height=40, force_terminal=terminal, color_system=None)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def figures(fake: Fake) -> ServiceFigures:
    return ServiceFigures(fake.url, lambda: "op")


@pytest.mark.parametrize("width", [60, 100, 140, 220])
def test_one_screen_for_a_pipe(fake: Fake, width: int) -> None:
    """Where nobody sees a terminal the figures are printed once, within its width."""
    out = console(width, terminal=False)
    run_top(figures(fake), fake.url, out)
    text = written(out)
    assert all(part in text for part in ("ok", "database 1.2 ms", "12.5 ms", "91%", "Clinic", "Route"))
    assert all(len(line) <= width for line in text.splitlines())
    assert len(text.splitlines()) <= 41
    assert fake.tokens == ["Bearer op"] * 2


class Waits:
    """Ends like Ctrl-C after a number of refreshes; before that it changes the service."""

    def __init__(self, *changes: Any) -> None:
        self.changes = list(changes)
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if not self.changes:
            raise KeyboardInterrupt
        self.changes.pop(0)()


def test_ctrl_c_ends_it_cleanly(fake: Fake) -> None:
    """No traceback, the terminal's own screen is back, and refreshes are bounded."""
    out, waits = console(), Waits(lambda: None)
    run_top(figures(fake), fake.url, out, every_s=0.0, wait=waits)
    assert written(out).endswith("\x1b[?25h\x1b[?1049l") or "\x1b[?1049l" in written(out)
    assert waits.seconds == [0.5, 0.5]


def test_the_rate_is_that_between_refreshes(fake: Fake) -> None:
    """Fifty calls in two seconds are twenty-five a second; a restart of the service is no rate."""
    times = iter([0.0, 2.0, 4.0])
    out = console()
    more = Waits(
        lambda: fake.answers.update({"/api/metrics": (200, metrics(150))}),
        lambda: fake.answers.update({"/api/metrics": (200, metrics(10))}),
    )
    run_top(figures(fake), fake.url, out, wait=more, now=lambda: next(times))
    assert "25.0/s" in written(out)
    assert "-70" not in written(out)


def test_a_service_that_goes_away_is_waited_for(fake: Fake) -> None:
    """The last figures stay with a word, and fresh ones come when it is back."""
    out = console()
    waits = Waits(
        lambda: fake.answers.update({"/api/metrics": (500, {})}),
        lambda: fake.answers.update({"/api/metrics": (200, metrics(777))}),
    )
    run_top(figures(fake), fake.url, out, wait=waits)
    assert "HTTP 500; the figures are old" in written(out)


def test_an_unavailable_service_shows_why(fake: Fake) -> None:
    """A 503 of the health is its answer, with the check that failed."""
    check = {**HEALTH["checks"][0], "healthy": False, "problem": "timeout"}  # type: ignore[index]
    fake.answers["/api/health"] = (503, {**HEALTH, "status": "unavailable", "checks": [check]})
    out = console()
    run_top(figures(fake), fake.url, out, once=True)
    assert "unavailable" in written(out)
    assert "timeout" in written(out)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_ends_it(fake: Fake, status: int) -> None:
    """Asking again would not help."""
    fake.answers["/api/metrics"] = (status, {})
    with pytest.raises(TopRefused) as refused:
        run_top(figures(fake), fake.url, console())
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("status", "body"), [(404, {}), (200, b"<html>"), (200, {"other": 1}), (503, b"busy")]
)
def test_something_else_at_the_address_is_told(fake: Fake, status: int, body: Any) -> None:
    """What is no TaskMed service is not drawn."""
    fake.answers["/api/metrics"] = (status, body)
    with pytest.raises(Unreachable):
        run_top(figures(fake), fake.url, console(), once=True)


def test_nobody_there_is_told() -> None:
    """A refused connection is one line."""
    with pytest.raises(Unreachable, match="no answer"):
        run_top(ServiceFigures("http://127.0.0.1:9", lambda: "op"), "x", console(), once=True)
