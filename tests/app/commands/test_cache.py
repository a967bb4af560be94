"""`taskmed cache`: each word asks the service for what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.commands.cli import app
from tests.app.service import KEY_TEXT


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKMED_TOKEN_KEYS", KEY_TEXT)


tokens: list[str] = []  # what the last service was sent as `Authorization`


@contextmanager
def service() -> Iterator[tuple[str, list[Any]]]:
    """Answer as the switch does; yield the address and what was asked."""
    asked: list[Any] = []
    tokens.clear()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_PUT(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            """Keep standard error clean."""

        def _answer(self, body: object) -> None:
            asked.append((self.command, body))
            tokens.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            shares = [{"clinicId": 3, "domain": None, "share": 0.25}]
            self.wfile.write(json.dumps({"off": [], "shares": shares}).encode())

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("status",), ("GET", None)),
        (("off",), ("PUT", {"enabled": False})),
        (("on", "--clinic", "3"), ("PUT", {"enabled": True, "clinicId": 3})),
        (("share", "0.25", "--clinic", "3"), ("PUT", {"share": 0.25, "clinicId": 3})),
        (("share", "0", "--domain", "contacts"), ("PUT", {"share": 0.0, "domain": "contacts"})),
    ],
)
def test_each_word_asks_for_what_it_says(words: tuple[str, ...], asked: tuple[str, object]) -> None:
    """The answer says how the switch stands then."""
    with service() as (url, seen):
        done = CliRunner().invoke(app, ("cache", *words, "--url", url))

    assert (done.exit_code, done.output.strip()) == (0, "the cache is on for 0.25 of clinic 3, all domains")
    assert seen == [asked]


def test_a_share_is_a_share() -> None:
    """More than all is a usage error."""
    assert CliRunner().invoke(app, ("cache", "share", "1.5")).exit_code == 2


@pytest.mark.parametrize("words", [["status"], ["off", "--clinic", "3"], ["on"], ["share", "0.5"]])
def test_every_word_takes_an_operators_token_from_a_file(words: list[str], tmp_path: Path) -> None:
    """Whoever has no keys of the service asks with a token that it was given."""
    file = tmp_path / "token"
    file.write_text("e30.e30.e30\n")
    with service() as (url, _):
        result = CliRunner().invoke(app, ["cache", *words, "--url", url, "--token-file", str(file)])

    assert (0, ["Bearer e30.e30.e30"]) == (result.exit_code, tokens)
