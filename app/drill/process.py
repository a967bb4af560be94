"""A server of another project as a child process on a free loopback port."""

from __future__ import annotations

import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from app.loopback import free_port, listens
from monitor.errors import MonitorError

_POLL_S = 0.02
_PORT_ATTEMPTS = 3
_STOP_S = 20.0


class ServerFailed(MonitorError):
    """A server did not start; carries the end of what it wrote.

    Args:
        name: The server.
        output: Last lines of its log.
    """

    def __init__(self, name: str, output: str) -> None:
        super().__init__(f"{name} did not become ready; it wrote:\n{output}")
        self.name = name
        self.output = output


def descendants(pid: int) -> list[int]:
    """Return the ids of the processes that `pid` started, and that they started; empty without `/proc`."""
    try:
        # Each thread has the children that it started.
        lists = Path(f"/proc/{pid}/task").glob("*/children")
        found = [word for each in lists for word in each.read_text().split()]
    except OSError:
        return []
    return [one for child in map(int, found) for one in (child, *descendants(child))]


class Server(ABC):
    """One server process; subclasses give its command and say when it is ready.

    The process dies with the one that started it, even by `kill -9`. A port that somebody
    else took between choice and start is answered by another try on another port; once the
    server has been ready it keeps its port through `stop`, `kill`, `start`.

    Args:
        folder: Where it keeps its data and its log; a temporary folder of its own if None.
        user: Run as this user, for servers that refuse root.
        start_timeout_s: How long it may take to become ready.
    """

    name = "server"
    stop_signal = signal.SIGTERM

    def __init__(
        self, folder: Path | None = None, *, user: str | None = None, start_timeout_s: float = 30.0
    ) -> None:
        self._own_folder = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix=f"taskmed-{self.name}-")) if folder is None else folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self._user = user
        self._timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server.

        Raises:
            ServerFailed: It does not run.
        """
        if self._process is None:
            raise ServerFailed(self.name, "(it does not run)")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command line for `self.port` and `self.folder`."""

    @abstractmethod
    def ready(self) -> bool:
        """Say whether the server answers."""

    def environment(self) -> Mapping[str, str] | None:
        """Return all of the process's environment; None: that of this one."""
        return None

    def listening(self) -> bool:
        """Say whether the process itself, not a stranger, listens on the port."""
        return listens(self.pid, self.port)

    def start(self) -> Self:
        """Start the process and return once it is ready.

        Raises:
            ServerFailed: It ended, or was not ready in time.
        """
        keeps_port = bool(self.port)
        for _ in range(_PORT_ATTEMPTS):
            if not keeps_port:
                self.port = free_port()
            self._launch()
            if self._await_ready():
                return self
            self.kill()
            if keeps_port:
                break
        if not keeps_port:
            self.port = 0
        raise ServerFailed(self.name, self.log_tail())

    def stop(self) -> None:
        """Ask the process to end, and end it after some seconds; does nothing when it does not run."""
        if self._process is not None:
            self.end(self.stop_signal)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; end the process where that took too long.

        Raises:
            ServerFailed: It does not run.
        """
        if self._process is None:
            raise ServerFailed(self.name, "(it does not run)")
        process, self._process = self._process, None
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        try:
            return process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the process: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop and remove the temporary folder."""
        self.stop()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines the server wrote."""
        log = self.folder / f"{self.name}.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _launch(self) -> None:
        guard = shutil.which("setpriv")
        # The kernel ends the server when its parent dies, however that happens.
        prefix = [guard, "--pdeathsig", "KILL", "--"] if guard else []
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is made of our own words
                [*prefix, *map(str, self.command())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                start_new_session=True,
            )

    def _await_ready(self) -> bool:
        deadline = time.monotonic() + self._timeout_s
        while not self._ended_within(_POLL_S) and time.monotonic() < deadline:
            if self.listening() and self.ready():
                return True
        return False

    def _ended_within(self, seconds: float) -> bool:
        try:
            return self._process is None or self._process.wait(seconds) is not None
        except subprocess.TimeoutExpired:
            return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(number)
