"""The service, Redis, Prometheus and Alertmanager as child processes, for drills and end-to-end tests."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.drill.process import Server, descendants
from app.loopback import http_ok, listens

# Debian's Alertmanager opens its templates at this path; an extracted package has them elsewhere.
_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")
_OVERLAY = 'mount -t overlay overlay -o "lowerdir=$1:/usr/share" /usr/share && shift && exec "$@"'


class RedisServer(Server):
    """A Redis that keeps nothing on disk; each start is a new incarnation.

    Args:
        program: Path of `redis-server`.
        options: Further options, such as `--maxmemory`, `1mb`.
        folder: See `Server`.
    """

    name = "redis"

    def __init__(self, program: Path, options: Sequence[str] = (), folder: Path | None = None) -> None:
        super().__init__(folder)
        self._program = program
        self._options = options

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        fixed = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no")
        return (
            str(self._program),
            "--port",
            str(self.port),
            "--dir",
            str(self.folder),
            *fixed,
            *self._options,
        )

    def ready(self) -> bool:
        return self.ask("PING") == "+PONG"

    def ask(self, command: str) -> str:
        """Send one inline command and return the first line of the answer; empty when there is none."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as connection:
                connection.sendall(command.encode() + b"\r\n")
                return connection.recv(4096).split(b"\r\n")[0].decode(errors="replace")
        except OSError:
            return ""


class TaskMedServer(Server):
    """The service itself, migrated before it starts.

    Args:
        variables: Its whole configuration, but for host and port.
        options: Further options of `taskmed serve`, such as `--server`, `uvicorn`.
        folder: See `Server`; a relative database path is below it.
    """

    name = "taskmed"

    def __init__(
        self, variables: Mapping[str, str], options: Sequence[str] = (), folder: Path | None = None
    ) -> None:
        super().__init__(folder)
        self._variables = variables
        self._options = options

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        return (sys.executable, "-m", "app.commands.cli", "serve", "--migrate", *address, *self._options)

    def environment(self) -> Mapping[str, str]:
        source = str(Path(__file__).resolve().parents[2])
        fixed = {"PATH": "/usr/bin:/bin", "PYTHONPATH": source, "PYTHONWARNINGS": "error"}
        return {**fixed, "TMPDIR": str(self.folder), **self._variables}

    def listening(self) -> bool:
        return any(listens(pid, self.port) for pid in (self.pid, *descendants(self.pid)))

    def ready(self) -> bool:
        return http_ok(f"{self.url}/api/health/ready")


class PrometheusServer(Server):
    """A Prometheus with its data in a folder of its own.

    Args:
        program: Path of `prometheus`.
        config: The `prometheus.yml` it reads.
        options: Further flags.
        folder: See `Server`.
    """

    name = "prometheus"

    def __init__(
        self, program: Path, config: Path, options: Sequence[str] = (), folder: Path | None = None
    ) -> None:
        super().__init__(folder)
        self._program = program
        self._config = config
        self._options = options

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return (
            str(self._program),
            f"--config.file={self._config.absolute()}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-lifecycle",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
            *self._options,
        )

    def ready(self) -> bool:
        return http_ok(f"{self.url}/-/ready")


class AlertmanagerServer(Server):
    """An Alertmanager that belongs to no cluster.

    Args:
        program: Path of `prometheus-alertmanager`; one that was only extracted from its
            package is started where its templates are seen at the path it opens.
        config: The `alertmanager.yml` it reads.
        options: Further flags.
        folder: See `Server`.
    """

    name = "alertmanager"

    def __init__(
        self, program: Path, config: Path, options: Sequence[str] = (), folder: Path | None = None
    ) -> None:
        super().__init__(folder)
        self._program = program
        self._config = config
        self._options = options

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return (
            *self._with_templates(),
            str(self._program),
            f"--config.file={self._config.absolute()}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=warn",
            *self._options,
        )

    def ready(self) -> bool:
        return http_ok(f"{self.url}/-/ready")

    def _with_templates(self) -> Sequence[str]:
        share = self._program.parent.parent / "share"
        extracted = share != Path("/usr/share") and (share / _TEMPLATES.relative_to("/usr/share")).exists()
        if not extracted:
            return ()
        # An overlay in a mount namespace of its own shows them; it needs no rights and changes nothing.
        return ("unshare", "-rm", "sh", "-c", _OVERLAY, "overlay", str(share))
