"""Sends spans to an OTLP receiver over HTTP; called on the exporter's thread only."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import urllib3

from monitor.clock import Clock
from monitor.tracing.delivery import Delivery
from monitor.tracing.otlp_response import asked_wait_s, rejected_spans

_RETRYABLE = frozenset({429, 502, 503, 504})  # OTLP specification, "Retryable Response Codes"
_OK = range(200, 300)
_PATH = "/v1/traces"
_MOST_ANSWER_BYTES = 64 * 1024  # a partial success is a number and a sentence


class Sender(Protocol):
    """Takes encoded batches to where they are wanted."""

    def send(self, request: bytes) -> Delivery:
        """Deliver one `ExportTraceServiceRequest`; say what became of it. May block."""
        ...

    def close(self) -> None:
        """Make a running `send` return soon."""
        ...


class _Try(NamedTuple):
    """One attempt: what became of it, and whether and when another may help."""

    delivery: Delivery
    again: bool = False
    asked_s: float | None = None


class OtlpSender:
    """Posts encoded batches, and tries again where the protocol says that it may help.

    A redirect is a refusal: a batch goes where it was configured to go, and nowhere else. A
    receiver that took the batch and then did not answer in time is not sent it again, since it
    may be at work on it.

    Args:
        endpoint: The receiver's base address, such as `http://collector:4318`.
        clock: Time of the deadline, and of a `Retry-After` that is a date.
        headers: Further headers, such as a tenant's or a token.
        timeout_s: The longest one try may take.
        deadline_s: The longest one batch may take, waits between tries included.
        tries: Most tries for one batch.
        first_wait_s: Wait before the second try, doubled for each further one.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        deadline_s: float = 30.0,
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
        self._clock = clock
        self._deadline_s = deadline_s
        self._tries = tries
        self._first_wait_s = first_wait_s
        self._closed = threading.Event()

    def send(self, request: bytes) -> Delivery:
        """Post one batch; say what the receiver made of it."""
        body = gzip.compress(request, 1)
        until = self._clock.monotonic() + self._deadline_s
        wait_s = self._first_wait_s
        attempt = self._post(body)
        for _ in range(self._tries - 1):
            pause_s = wait_s if attempt.asked_s is None else attempt.asked_s
            if not attempt.again or self._clock.monotonic() + pause_s > until or self._closed.wait(pause_s):
                break
            attempt = self._post(body)
            wait_s *= 2
        return attempt.delivery

    def _post(self, body: bytes) -> _Try:
        try:
            answer = self._pool.request(
                "POST", self._url, body=body, headers=self._headers, redirect=False, preload_content=False
            )
            content = answer.read(_MOST_ANSWER_BYTES, decode_content=True)
            answer.drain_conn()
            answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as failure:
            # Sent and not answered in time: the receiver may hold the batch, and would get it twice.
            again = not isinstance(failure, urllib3.exceptions.ReadTimeoutError)
            return _Try(Delivery(accepted=False, reason=type(failure).__name__), again)
        if answer.status in _OK:
            return _Try(Delivery(accepted=True, rejected=rejected_spans(content)))
        asked_s = asked_wait_s(answer.headers.get("retry-after", ""), self._clock.time())
        refused = Delivery(accepted=False, reason=str(answer.status))
        return _Try(refused, answer.status in _RETRYABLE, asked_s)

    def close(self) -> None:
        """Give up waiting; a try under way ends at its timeout."""
        self._closed.set()
        self._pool.clear()
