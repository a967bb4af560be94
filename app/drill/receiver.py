"""Receives what Alertmanager sends, keeps it and prints a line for each: a pager for one machine."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of Alertmanager.

    Attributes:
        path: Where it was posted: the receiver's name by our configuration, such as `/page`.
        message: The webhook's body (Alertmanager's documentation, "webhook_config").
    """

    path: str
    message: Mapping[str, Any]

    @property
    def status(self) -> str:
        """`firing` or `resolved`."""
        return str(self.message.get("status", ""))

    @property
    def group(self) -> Mapping[str, str]:
        return dict(self.message.get("groupLabels", {}))

    @property
    def alerts(self) -> Sequence[Mapping[str, Any]]:
        return list(self.message.get("alerts", ()))

    def __str__(self) -> str:
        labels = " ".join(f"{name}={value}" for name, value in sorted(self.group.items()))
        summaries = {alert.get("annotations", {}).get("summary", "") for alert in self.alerts}
        return f"{self.path} {self.status} {labels}: {'; '.join(sorted(filter(None, summaries)))}"


class Receiver:
    """An HTTP server in a thread that takes webhooks.

    Args:
        on_delivery: Called for each message, one at a time.
        port: Where to listen on loopback; 0: any free port.
    """

    def __init__(self, on_delivery: Callable[[Notification], None] | None = None, port: int = 0) -> None:
        self._deliveries: list[Notification] = []
        self._arrived = threading.Condition()
        self._on_delivery = on_delivery
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self._take))
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def deliveries(self) -> Sequence[Notification]:
        """What arrived so far, in order."""
        with self._arrived:
            return tuple(self._deliveries)

    def await_delivery(self, wanted: Callable[[Notification], bool], timeout_s: float) -> Notification | None:
        """Return the first message that is `wanted`, waiting for it if need be; None when time is up."""

        def found() -> Notification | None:
            return next(filter(wanted, self._deliveries), None)

        with self._arrived:
            return self._arrived.wait_for(found, timeout_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, delivery: Notification) -> None:
        with self._arrived:
            self._deliveries.append(delivery)
            if self._on_delivery is not None:
                self._on_delivery(delivery)
            self._arrived.notify_all()


def _handler(take: Callable[[Notification], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            try:
                message = json.loads(self.rfile.read(length)) if length <= _MOST_BYTES else None
            except ValueError:
                message = None
            if not isinstance(message, dict):
                self._answer(400)
                return
            take(Notification(self.path, message))
            self._answer(200)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's names
            """Print nothing: the deliveries are the log."""

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each message until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m app.drill.receiver", description=main.__doc__)
    parser.add_argument("--port", type=int, default=9099)
    options = parser.parse_args(arguments)

    def show(delivery: Notification) -> None:
        sys.stdout.write(f"{delivery}\n")
        sys.stdout.flush()

    with Receiver(show, options.port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
