"""`taskmed cache warm`: it shows how far it is, and ends with what it found."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from rich.console import Console

from app.commands.cache_warm import show
from tests.app.service import KEY


@contextmanager
def service(*told: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Answer with these lines; yield the address and what was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, json.loads(body)))
            self.send_response(202)
            self.end_headers()
            for line in told:
                self.wfile.write(json.dumps(line).encode() + b"\n")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            """Keep standard error clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def line(state: str, done: int, **results: int) -> dict[str, Any]:
    return {"state": state, "total": 12, "done": done, "results": results, "seconds": 1.5}


def shown(*told: dict[str, Any]) -> tuple[bool, str, list[Any]]:
    out = io.StringIO()
    with service(*told) as (url, asked):
        ended_well = show(url, (KEY,), 3, 50.0, Console(file=out, width=200))
    return ended_well, out.getvalue(), asked


def test_it_says_what_it_found() -> None:
    """The order names clinic and rate; the last line counts the outcomes."""
    ended_well, out, asked = shown(line("running", 4, miss=4), line("done", 12, miss=10, hit=2))

    assert ended_well
    assert "warmed 12 answers in 1.5 s: 2 hit, 10 miss" in out
    assert asked == [("/api/cache/warm", {"clinicId": 3, "rate": 50.0})]


def test_a_cache_that_is_not_in_use_is_told() -> None:
    """The command then ends with an error."""
    ended_well, out, _ = shown(line("running", 0), line("failed", 0))

    assert not ended_well
    assert "not warmed" in out
