"""Server processes: started on free ports, stopped for certain."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.drill import process
from app.drill.process import Server, ServerFailed
from app.loopback import free_port, http_ok

_SERVE = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


class FileServer(Server):
    """The standard library's file server."""

    name = "files"

    def command(self) -> Sequence[str]:
        return (sys.executable, "-c", _SERVE, str(self.port))

    def ready(self) -> bool:
        return http_ok(f"http://127.0.0.1:{self.port}/")


def test_it_answers_once_started_and_nothing_after_it_is_closed() -> None:
    """Inside the block the port answers; after it process, port and folder are gone."""
    with FileServer() as server:
        assert http_ok(f"http://127.0.0.1:{server.port}/")
    assert not http_ok(f"http://127.0.0.1:{server.port}/")
    assert not server.running
    assert not server.folder.exists()


def test_a_taken_port_is_answered_by_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody else took the chosen port, the next start is on another port."""
    with FileServer() as first:
        ports = iter([first.port, free_port()])
        monkeypatch.setattr(process, "free_port", lambda: next(ports))
        with FileServer() as second:
            assert second.port != first.port


def test_a_given_folder_is_kept(tmp_path: Path) -> None:
    """Only a temporary folder of its own is removed."""
    with FileServer(tmp_path / "kept"):
        pass
    assert (tmp_path / "kept" / "files.log").exists()


def test_a_server_that_does_not_run_has_no_pid() -> None:
    """Asking for the pid of a stopped server is an error, not a number of another process."""
    with FileServer() as server:
        assert server.pid > 0
        server.kill()
        with pytest.raises(ServerFailed, match="does not run"):
            _ = server.pid


@pytest.mark.skipif(not Path("/usr/bin/setpriv").exists(), reason="needs util-linux's setpriv")
def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A parent that is killed by -9 leaves no server behind."""
    script = (
        "import os, pathlib, signal\n"
        "from tests.app.drill.test_process import FileServer\n"
        f"server = FileServer(pathlib.Path({str(tmp_path)!r})).start()\n"
        "print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    pid = int(killed.stdout)
    for _ in range(1000):
        if not _alive(pid):
            break
        os.sched_yield()
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # gone, or going while it is read
        return False
    return state not in "ZX"
