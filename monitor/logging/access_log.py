"""One log line for each request, as JSON.

Every request pays for its line, so it is written by hand: what many requests share is
rendered once. It is encoded at once and waits as bytes: kept as objects until a thread comes
for them, lines cost the garbage collector more than the encoding does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial

import msgspec

from monitor.clock import Clock
from monitor.failures import of_failure
from monitor.plain_values import written
from monitor.tracing.request_trace import Ending

_KINDS = 4_096  # of requests whose words are kept rendered
_MILLI = 1e3
_NULL = b"null"
_LINE = (
    b'{"timestamp":"%b.%03d+00:00","level":"{level}","event":"request",'
    b'"trace_id":"%032x","span_id":"%016x","{tenant}":%b,{words},"duration_ms":%.3f}'
)

_encode = msgspec.json.Encoder().encode


class AccessLog:
    """Writes one line for each request: failures as errors, everything else as information.

    Args:
        add: Takes the lines.
        clock: Dates them.
        lowest: The standard library's number of the lowest level that is written.
        tenant_field: What a line calls the tenant's id.
    """

    def __init__(
        self, add: Callable[[bytes], None], clock: Clock, lowest: int, tenant_field: str = "tenant"
    ) -> None:
        line = _LINE.replace(b"{tenant}", tenant_field.encode())
        self._template = lru_cache(maxsize=_KINDS)(partial(_template, line))
        self._add = add
        self._now = clock.time
        self._failures_only = lowest > logging.INFO

    def ended(self, ending: Ending) -> None:
        """Note the request; never raises, never blocks."""
        error_type = ending.error_type
        if error_type is None and self._failures_only:
            return
        template = self._template(
            ending.method, ending.route, ending.status, ending.outcome, error_type, ending.cache
        )
        trace, tenant, now = ending.trace, ending.tenant, self._now()
        whole = int(now)
        line = template % (
            _second(whole),
            (now - whole) * _MILLI,
            trace.id,
            trace.span_id,
            _NULL if tenant is None else b"%d" % tenant,
            (ending.ended - ending.started) * _MILLI,
        )
        failure = ending.failure
        self._add(line if failure is None else line[:-1] + b"," + _encode(of_failure(failure))[1:])


def dated(seconds: float) -> str:
    """Return a moment in seconds since the epoch as ISO 8601 with milliseconds."""
    whole = int(seconds)
    return f"{_second(whole).decode()}.{int((seconds - whole) * _MILLI):03d}+00:00"


@lru_cache(maxsize=4)
def _second(whole: int) -> bytes:
    return datetime.fromtimestamp(whole, UTC).replace(tzinfo=None).isoformat().encode()


def _template(
    line: bytes,
    method: str,
    route: str | None,
    status: int,
    outcome: str,
    error_type: str | None,
    cache: str | None,
) -> bytes:
    level = b"info" if error_type is None else b"error"
    facts = {
        "route": route,
        "method": method,
        "status": status,
        "outcome": str(outcome),
        "error_type": error_type and written(error_type)[0],
        "cache": None if cache is None else str(cache),
    }
    words = _encode(facts)[1:-1].replace(b"%", b"%%")
    return line.replace(b"{level}", level).replace(b"{words}", words)
