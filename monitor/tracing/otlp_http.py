"""Sends spans to an OTLP receiver over HTTP; called on the exporter's thread only."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from typing import Protocol

import urllib3

_RETRYABLE = frozenset({429, 502, 503, 504})  # OTLP specification, "Retryable Response Codes"
_OK = range(200, 300)
_PATH = "/v1/traces"
_LONGEST_WAIT_S = 30.0


class Sender(Protocol):
    """Takes encoded batches to where they are wanted."""

    def send(self, request: bytes) -> bool:
        """Deliver one `ExportTraceServiceRequest`; say whether it was taken. May block."""
        ...

    def close(self) -> None:
        """Make a running `send` return soon."""
        ...


class OtlpSender:
    """Posts encoded batches, and tries again where the protocol says that it may help.

    Args:
        endpoint: The receiver's base address, such as `http://collector:4318`.
        headers: Further headers, such as a tenant's or a token.
        timeout_s: The longest one try may take.
        tries: Most tries for one batch.
        first_wait_s: Wait before the second try, doubled for each further one.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        tries: int = 4,
        first_wait_s: float = 1.0,
    ) -> None:
        address = endpoint.rstrip("/")
        self._url = address if address.endswith(_PATH) else address + _PATH
        self._headers = {
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            **(headers or {}),
        }
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=1, timeout=urllib3.Timeout(total=timeout_s), retries=False
        )
        self._tries = tries
        self._first_wait_s = first_wait_s
        self._closed = threading.Event()

    def send(self, request: bytes) -> bool:
        """Post one batch; say whether the receiver took it."""
        body = gzip.compress(request, 1)
        wait_s = self._first_wait_s
        for _ in range(self._tries):
            status, asked_s = self._post(body)
            if status in _OK:
                return True
            if (status and status not in _RETRYABLE) or self._closed.wait(asked_s or wait_s):
                return False
            wait_s *= 2
        return False

    def _post(self, body: bytes) -> tuple[int, float]:
        try:
            answer = self._pool.request("POST", self._url, body=body, headers=self._headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError):
            return 0, 0.0
        asked = answer.headers.get("retry-after", "")
        return answer.status, min(float(asked), _LONGEST_WAIT_S) if asked.isdigit() else 0.0

    def close(self) -> None:
        """Give up waiting; a try under way ends at its timeout."""
        self._closed.set()
        self._pool.clear()
