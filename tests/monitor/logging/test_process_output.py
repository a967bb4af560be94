"""Nothing but JSON lines of declared fields leaves a worker, whatever raises and whichever server runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from monitor.logging.events import FIELDS
from tests.conditions import until
from tests.servers import free_port

APP = "tests.monitor.logging.raising_app:app"
# The app is not imported here: it would take over the output of the tests.
MARK = "Ann-Smith-7f3a"
WAYS = (
    "raising", "in_a_thread", "grouped", "background", "stream", "closing",
    "task", "callback", "thread", "finaliser", "words",
)  # fmt: skip


HANDSHAKE = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def command(server: str, port: int) -> list[str]:
    return {
        "uvicorn": ["uvicorn", APP, "--port", str(port)],
        "granian": ["granian", "--interface", "asgi", "--port", str(port), "--no-log", APP],
        "hypercorn": ["hypercorn", "--bind", f"127.0.0.1:{port}", APP],
    }[server]


@contextmanager
def served(server: str, **environment: str) -> Iterator[tuple[int, list[bytes]]]:
    """Run the app; what it wrote to both its streams is in the list once the block has ended."""
    port, written = free_port(), list[bytes]()
    process = subprocess.Popen(
        [sys.executable, "-m", *command(server, port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
    )
    try:
        yield port, written
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            written += process.communicate(timeout=30)[0].splitlines()
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def ask(port: int, request: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as client:
        client.sendall(request)
        answer = bytearray()
        try:
            while part := client.recv(65_536):
                answer += part
        except ConnectionResetError:
            pass  # how a server ends an answer that broke
        return bytes(answer)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("server", ["uvicorn", "granian", "hypercorn"])
async def test_a_worker_writes_nothing_but_lines_of_declared_fields(server: str) -> None:
    """No message of an exception, no print, no warning and no server's traceback stands beside the log."""
    with served(server) as (port, written):
        await until(lambda: listens(port), deadline_s=60)
        for way in WAYS:
            ask(port, get(f"/{way}"))
        ask(port, HANDSHAKE)

    lines: list[dict[str, Any]] = [json.loads(line) for line in written]
    assert MARK not in b"\n".join(written).decode()
    assert {name for line in lines for name in line} <= FIELDS
    events = {line["event"] for line in lines}
    assert {"request", "failed_after_answer", "exception_uncaught", "python_warning"} <= events
    assert {"stray_output", "message_without_template", "lifespan_failed"} <= events
    assert "Task exception was never retrieved" in events
    if server != "uvicorn":  # which is installed without a library for websockets
        (dropped,) = [line for line in lines if line.get("route") == "/socket"]
        assert dropped["exception"] == "ValueError"
    (failed,) = [line for line in lines if line["event"] == "request" and line["route"] == "/grouped"]
    assert failed["exception"] == "ExceptionGroup"
    assert [cause.split(" at ")[0] for cause in failed["causes"]] == [
        "member 1: ValueError",
        "member 2: TypeError",
        "cause: KeyError",
    ]


@pytest.mark.parametrize("server", ["uvicorn", "granian", "hypercorn"])
async def test_a_client_that_leaves_is_no_error(server: str) -> None:
    """One that goes in the middle of its body leaves one line, of information, with the status 499."""
    with served(server, QUIET="1") as (port, written):
        await until(lambda: listens(port), deadline_s=60)
        with closing(socket.create_connection(("127.0.0.1", port), 10)) as client:
            client.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            assert b" 200" in ask(port, get("/upload"))  # by now the worker has taken up the other one
        gone = b'http_server_active_requests{http_request_method="POST"} 0'
        await until(lambda: gone in ask(port, get("/metrics")), deadline_s=10)

    lines = [json.loads(line) for line in written]
    (left,) = [line for line in lines if line.get("method") == "POST"]
    assert (left["level"], left["status"], left["outcome"]) == ("info", 499, "cancelled")
    assert [line for line in lines if line["level"] == "error"] == []
