"""Real servers for tests: Redis, PostgreSQL, Prometheus, Alertmanager on free loopback ports."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from app.drill.process import Server, ServerFailed
from app.drill.stack import AlertmanagerServer, PrometheusServer, RedisServer
from app.loopback import free_port

__all__ = [
    "AlertmanagerServer",
    "PgBouncerServer",
    "PostgresServer",
    "PrometheusServer",
    "RedisServer",
    "Server",
    "free_port",
]

_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}


class PostgresServer(Server):
    """A PostgreSQL that forgets everything: no fsync, no socket file, user `postgres` without a password.

    It refuses to run as root; root starts it as `nobody`.

    Args:
        initdb: Path of `initdb`.
        postgres: Path of `postgres`.
        psql: Path of `psql`.
    """

    name = "postgres"
    stop_signal = signal.SIGQUIT  # the immediate shutdown: nothing is worth a checkpoint

    def __init__(self, initdb: Path, postgres: Path, psql: Path) -> None:
        super().__init__(user="nobody" if os.geteuid() == 0 else None)
        self._initdb = initdb
        self._postgres = postgres
        self._psql = psql
        self._numbers = count(1)

    @property
    def url(self) -> str:
        """URL of the maintenance database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> PostgresServer:
        if not (self.folder / "data").exists():
            self._create_cluster()
        return super().start()

    def command(self) -> Sequence[str]:
        settings = (f"-c{name}={value}" for name, value in _FAST.items())
        return (str(self._postgres), "-D", str(self.folder / "data"), f"-p{self.port}", *settings)

    def ready(self) -> bool:
        return self._query("select 1").returncode == 0

    def create_database(self, template: str = "template1") -> str:
        """Create a copy of the database `template`, which nobody may be connected to; return its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"create database {name} template {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database together with the connections to it."""
        self.execute(f"drop database if exists {name} with (force)")

    def execute(self, statement: str, database: str = "postgres") -> str:
        """Run one statement and return what it printed.

        Raises:
            ServerFailed: The statement failed.
        """
        done = self._query(statement, database)
        if done.returncode:
            raise ServerFailed("psql", done.stderr)
        return done.stdout.strip()

    def _query(self, statement: str, database: str = "postgres") -> subprocess.CompletedProcess[str]:
        where = f"postgresql://postgres@127.0.0.1:{self.port}/{database}?connect_timeout=2"
        return subprocess.run(
            [self._psql, "-XAtq", "-c", statement, where], capture_output=True, text=True, check=False
        )

    def _create_cluster(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        options = (
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )
        subprocess.run(
            [self._initdb, "-D", self.folder / "data", *options],
            check=True,
            capture_output=True,
            cwd=self.folder,
            user=self._user,
            extra_groups=[] if self._user else None,
        )


class PgBouncerServer(Server):
    """A PgBouncer before a PostgreSQL of this machine; it refuses to run as root.

    Args:
        pgbouncer: Path of `pgbouncer`.
        postgres: What it leads to.
        mode: `session`, `transaction` or `statement`.
        size: How many sessions it keeps for each database.
    """

    name = "pgbouncer"
    stop_signal = signal.SIGINT

    def __init__(self, pgbouncer: Path, postgres: PostgresServer, mode: str, size: int = 10) -> None:
        super().__init__(user="nobody" if os.geteuid() == 0 else None)
        self._pgbouncer = pgbouncer
        self._postgres = postgres
        self._mode = mode
        self._size = size

    def url_of(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def command(self) -> Sequence[str]:
        (self.folder / "users.txt").write_text('"postgres" ""\n')
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": "users.txt",
            "pool_mode": self._mode,
            "default_pool_size": self._size,
        }
        lines = [
            "[databases]",
            f"* = host=127.0.0.1 port={self._postgres.port}",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in settings.items()),
        ]
        (self.folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        self.folder.chmod(0o755)
        return (str(self._pgbouncer), "pgbouncer.ini")

    def ready(self) -> bool:
        return True
