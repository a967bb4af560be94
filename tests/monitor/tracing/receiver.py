"""A real OTLP receiver over HTTP that can be slow, wrong or gone."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class OtlpReceiver:
    """Takes posted spans and keeps them.

    Attributes:
        endpoint: Its base address.
        statuses: What the next requests are answered with; 200 once they are used up.
        retry_after: `Retry-After` of the next answers.
        location: Where answers redirect to; empty: nowhere.
        rejected: How many spans each accepted batch is said to hold that were refused.
        hold: Cleared: requests are taken and not answered until it is set.
        requests: Path and headers of each request.
        messages: What was posted, decoded.
    """

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.retry_after: list[str] = []
        self.location = ""
        self.rejected = 0
        self.hold = threading.Event()
        self.hold.set()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.messages: list[ExportTraceServiceRequest] = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        with self.arrived:
            self.requests.append((handler.path, {k.lower(): v for k, v in handler.headers.items()}))
            status = self.statuses.pop(0) if self.statuses else 200
            self.arrived.notify_all()
        self.hold.wait(20)
        if status == 200:
            message = ExportTraceServiceRequest()
            message.ParseFromString(gzip.decompress(body))
            self.messages.append(message)
        answer = b""
        if status == 200 and self.rejected:
            refused = ExportTracePartialSuccess(rejected_spans=self.rejected, error_message="too old")
            answer = ExportTraceServiceResponse(partial_success=refused).SerializeToString()
        handler.send_response(status)
        if self.retry_after:
            handler.send_header("retry-after", self.retry_after.pop(0))
        if self.location:
            handler.send_header("location", self.location)
        handler.send_header("content-length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for message in self.messages
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def await_requests(self, count: int) -> None:
        """Return once so many requests have come in."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, 10)

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def otlp_receiver() -> Iterator[OtlpReceiver]:
    """Run a receiver on a free port of the loopback."""
    receiver = OtlpReceiver()
    try:
        yield receiver
    finally:
        receiver.close()


def attributes(span: Span) -> dict[str, Any]:
    """Return a span's attributes as plain values."""
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes}
