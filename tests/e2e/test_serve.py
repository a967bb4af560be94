"""The service as a process of its own: real port, real workers, real signals."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.auth import Role, TokenIssuer
from app.drill.process import descendants
from app.drill.stack import TaskMedServer
from app.loopback import free_port, http_ok
from monitor.clock import SystemClock
from tests.app.service import KEY, KEY_TEXT
from tests.conditions import until

_LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))

pytestmark = pytest.mark.filterwarnings("default")


def _variables(cache_url: str = "memory://") -> Mapping[str, str]:
    return {
        "DATABASE_URL": "sqlite+aiosqlite:///taskmed.db",
        "CACHE_URL": cache_url,
        "TASKMED_TOKEN_KEYS": KEY_TEXT,
        "TASKMED_SEALING_KEYS": KEY_TEXT,
        "TASKMED_DRAIN_S": "0",
    }


def _get(server: TaskMedServer, path: str, role: Role = Role.OPERATOR) -> tuple[int, str]:
    token = TokenIssuer((KEY,), SystemClock()).mint(role=role, user="test")
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {token}"})
    with _LOOPBACK.open(request, timeout=10) as answer:
        return answer.status, answer.read().decode()


async def gone(pids: Sequence[int]) -> None:
    """Return once none of the processes is alive."""
    await until(lambda: not any(_command(pid) for pid in pids))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("asgi_server", ["granian", "uvicorn"])
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_one_worker_answers_and_stops_cleanly(asgi_server: str, stop: signal.Signals) -> None:
    """It answers with its own health, ends with 0 on each signal, and writes no traceback."""
    with TaskMedServer(_variables(), ("--server", asgi_server)) as server:
        assert '"status":"ok"' in _get(server, "/api/health")[1].replace(" ", "")
        pids = [server.pid, *descendants(server.pid)]
        assert server.end(stop) == 0
        await gone(pids)
        assert "Traceback" not in server.log_tail(500)


@pytest.mark.parametrize("asgi_server", ["granian", "uvicorn"])
async def test_two_workers_share_one_port_and_one_exposition(asgi_server: str, redis_url: str) -> None:
    """Both workers answer, and one scrape counts the requests of both."""
    options = ("--server", asgi_server, "--workers", "2")
    with TaskMedServer(_variables(redis_url), options) as server:
        await until(lambda: "monitor_workers 2" in _get(server, "/metrics")[1])
        for _ in range(40):
            assert _get(server, "/api/health")[0] == 200
        exposition = _get(server, "/metrics")[1]
        counted = [line for line in exposition.splitlines() if _counts_health(line)]
        assert sum(float(line.rpartition(" ")[2]) for line in counted) >= 40
        pids = [server.pid, *descendants(server.pid)]
        assert server.end(signal.SIGTERM) == 0
        await gone(pids)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("asgi_server", ["granian", "uvicorn"])
async def test_it_is_not_ready_before_its_sockets_close(
    asgi_server: str, workers: int, redis_url: str
) -> None:
    """After SIGTERM it answers on, says that it is not ready and closes what is kept, then ends with 0."""
    options = ("--server", asgi_server, "--workers", str(workers))
    with TaskMedServer({**_variables(redis_url), "TASKMED_DRAIN_S": "2"}, options) as server:
        assert (200, None) == _probe(server)
        os.kill(server.pid, signal.SIGTERM)
        await until(lambda: _probe(server) == (503, "close"))
        assert (200, "close") == _probe(server, "/api/health/live")
        pids = [server.pid, *descendants(server.pid)]
        await gone(pids)
        assert server.end(signal.SIGCONT) == 0


@pytest.mark.parametrize("asgi_server", ["granian", "uvicorn"])
async def test_a_closed_terminal_ends_several_workers(asgi_server: str, redis_url: str) -> None:
    """SIGHUP means stop, whichever server runs: none starts its workers anew."""
    with TaskMedServer(_variables(redis_url), ("--server", asgi_server, "--workers", "2")) as server:
        pids = [server.pid, *descendants(server.pid)]
        assert server.end(signal.SIGHUP) == 0
        await gone(pids)


def _probe(server: TaskMedServer, path: str = "/api/health/ready") -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["connection"]
    finally:
        connection.close()


def _counts_health(line: str) -> bool:
    return line.startswith("http_server_request_duration_seconds_count") and '"/api/health"' in line


async def test_one_workers_deaths_leave_the_others_alone(redis_url: str) -> None:
    """A worker and its successors die within seconds: the other one answers on, each restart is counted."""
    with TaskMedServer(_variables(redis_url), ("--server", "granian", "--workers", "2")) as server:
        await until(lambda: "monitor_workers 2" in _get(server, "/metrics")[1])
        victim, survivor = _workers(server)
        for _ in range(3):
            os.kill(victim, signal.SIGKILL)
            gone_by = {survivor, victim}
            await until(lambda gone_by=gone_by: set(_workers(server)) - gone_by != set(), 60)  # type: ignore[misc]
            (victim,) = set(_workers(server)) - gone_by
        await until(lambda: "monitor_worker_restarts_total 3" in _get(server, "/metrics")[1], 60)
        assert _command(survivor)
        assert server.end(signal.SIGTERM) == 0


def _workers(server: TaskMedServer) -> list[int]:
    return [pid for pid in descendants(server.pid) if b"spawn_main" in _command(pid)]


async def test_workers_end_with_the_main_process(redis_url: str) -> None:
    """A main process that is killed by -9 leaves no worker behind to answer in its stead."""
    with TaskMedServer(_variables(redis_url), ("--workers", "2")) as server:
        workers = descendants(server.pid)
        server.kill()
        await gone(workers)
        assert not http_ok(f"{server.url}/api/health/live")


def test_several_workers_need_a_shared_store(tmp_path: Path) -> None:
    """One clear line says what to set, and nothing is started."""
    done = _serve(tmp_path, "--workers", "2")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "taskmed: CACHE_URL: memory:// serves one worker; give a redis:// URL or WORKERS=1"
    ]


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """The port's name and the reason, no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _serve(tmp_path, "--port", str(port))
    assert done.returncode == 1
    reason = f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another"
    assert done.stderr.strip() == f"taskmed: PORT: {reason}"


def test_a_missing_key_is_one_clear_line(tmp_path: Path) -> None:
    """A service without keys to verify tokens with does not start."""
    done = _serve(tmp_path, TASKMED_TOKEN_KEYS="")
    assert done.returncode == 1
    assert done.stderr.startswith("taskmed: TASKMED_TOKEN_KEYS: is not set.")
    assert "Traceback" not in done.stderr


def _serve(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    server = TaskMedServer({**_variables(), **variables}, options, folder=folder)
    server.port = free_port()
    return subprocess.run(
        [*server.command()],
        env=server.environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
