"""Ports and answers of the loopback interface, without a proxy between."""

from __future__ import annotations

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.loopback import free_port, http_ok, listens


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Give the port of a file server that answers 200 for `/` and 404 for the rest."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_only_a_success_is_ok(port: int) -> None:
    """2xx is ok; an error's status and a port without a listener are not."""
    assert http_ok(f"http://127.0.0.1:{port}/")
    assert not http_ok(f"http://127.0.0.1:{port}/missing")
    assert not http_ok(f"http://127.0.0.1:{free_port()}/")


def test_a_proxy_of_the_environment_is_not_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine behind a proxy still reaches its own services."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    assert http_ok(f"http://127.0.0.1:{port}/")


def test_a_free_port_can_be_listened_on() -> None:
    """Nobody holds the port at that moment."""
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        assert taken.getsockname()[1] > 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_whoever_listens_is_told_from_a_stranger(port: int) -> None:
    """The process that holds the socket listens; its parent, or another port, does not."""
    assert listens(os.getpid(), port)
    assert not listens(os.getppid(), port)
    assert not listens(os.getpid(), free_port())
