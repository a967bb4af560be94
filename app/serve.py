"""Starts the workers of one machine, under granian or uvicorn.

Workers are spawned, not forked, so that each builds its own service; they end when the
process that started them ends, however that happens.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType

from starlette.types import ASGIApp

from app.config import AppConfig
from app.stopping import Stopping
from app.worker_restarts import RestartCount, restart_alone
from monitor.errors import ConfigurationError
from monitor.garbage import spare_what_lasts
from monitor.operations.drain import Drain

_BACKLOG = 4_096
# Most requests a worker takes up at once; more wait in the kernel's queue.
_CONCURRENCY = 16_384
_GRACE_S = 15
_MOST_FILES = 65_536


def serve(config: AppConfig) -> None:
    """Serve until a signal says to stop.

    Raises:
        ConfigurationError: The address is taken or is none of this machine's.
    """
    require_free(config.host, config.port)
    with suppress(RuntimeError):  # set already, by the process that started this one
        multiprocessing.set_start_method("spawn")
    end_with_parent()
    allow_connections()
    with _with_shared_metrics(config) as shared:
        {"granian": _serve_granian, "uvicorn": _serve_uvicorn}[config.server](shared)


def build(
    config: AppConfig, stopping: Stopping | None = None, restarts: RestartCount | None = None
) -> ASGIApp:
    """Return the service of one worker.

    Args:
        config: The whole configuration.
        stopping: Tells every worker that the service takes leave; None: nobody does.
        restarts: Restarts that this worker is to count; None: nobody counts them.
    """
    if multiprocessing.parent_process() is not None:
        # Ctrl-C reaches the whole group; a worker leaves it to the main process to stop it, once.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    end_with_parent()
    from app.main import create_app  # noqa: PLC0415 - the main process needs none of it

    service = create_app(config)
    spare_what_lasts()
    died = 0 if restarts is None else restarts.take()
    if died:
        service.state.monitor.measurements.runtime.restarted(died)
        service.state.monitor.logs.logger.warning("worker_restarted", count=died)
    if stopping is None:
        return service
    drain: Drain = service.state.monitor.drain
    drain.follow(stopping.is_under_way)
    return drain.telling(service)


def allow_connections() -> None:
    """Let this process and its workers have as many files open as they may: each connection is one.

    A login of Debian is given 1,024, of which ten thousand users would see refusals.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def end_with_parent() -> None:
    """Stop this process once the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _serve_granian(config: AppConfig) -> None:
    from granian import Granian  # noqa: PLC0415 - only the chosen server is loaded
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    server = Granian(
        "app.serve:build",
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        workers=config.workers,
        http=HTTPModes.http1,
        backlog=_BACKLOG,
        backpressure=_CONCURRENCY,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE_S,
    )
    stopping, restarts = Stopping(config.drain_s), RestartCount()
    restart_alone(server, restarts)

    def take_over() -> None:
        # A closed terminal means stop here; granian would start its workers anew.
        signal.signal(signal.SIGHUP, server.signal_handler_interrupt)
        signal.signal(signal.SIGTERM, lambda *_: stopping.begin(server.signal_handler_interrupt))

    server.on_startup(take_over)
    server.serve(target_loader=partial(build, config, stopping, restarts), wrap_loader=False)


def _serve_uvicorn(config: AppConfig) -> None:
    import uvicorn  # noqa: PLC0415 - only the chosen server is loaded
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415

    stopping = Stopping(config.drain_s)
    settings = uvicorn.Config(
        partial(build, config, stopping),
        factory=True,
        host=config.host,
        port=config.port,
        workers=config.workers,
        backlog=_BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if sig == signal.SIGTERM:
                stopping.begin(partial(setattr, self, "should_exit", True))
            else:
                super().handle_exit(sig, frame)

    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    with suppress(KeyboardInterrupt):
        if config.workers == 1:
            Server(settings).run()
            return
        supervisor = Multiprocess(settings, sockets=[settings.bind_socket()])
        end = partial(supervisor.signal_queue.append, signal.SIGTERM)
        # The supervisor has just taken these signals: it would start its workers anew on SIGHUP.
        signal.signal(signal.SIGHUP, lambda *_: end())
        signal.signal(signal.SIGTERM, lambda *_: stopping.begin(end))
        supervisor.run()


def require_free(host: str, port: int) -> None:
    """Check that nobody listens there: a server may share a port (SO_REUSEPORT) and not notice.

    Raises:
        ConfigurationError: The address is taken or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        problem = f"cannot listen on {host}:{port}: {error.strerror}; choose another"
        raise ConfigurationError("PORT", problem) from None


@contextmanager
def _with_shared_metrics(config: AppConfig) -> Iterator[AppConfig]:
    """Give several workers a folder to share their counts in, unless one is configured."""
    if config.workers == 1 or config.monitor.metrics_directory is not None:
        yield config
        return
    with tempfile.TemporaryDirectory(prefix="taskmed-metrics-") as folder:
        yield replace(config, monitor=replace(config.monitor, metrics_directory=Path(folder)))
