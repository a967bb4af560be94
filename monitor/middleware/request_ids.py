"""Headers that belong to one request: whoever is given another's answer must not take them for its own."""

from __future__ import annotations

_NAMES = frozenset(
    {
        b"x-request-id", b"request-id", b"x-correlation-id", b"correlation-id", b"x-trace-id",
        b"traceparent", b"tracestate", b"traceresponse", b"server-timing", b"x-process-time",
    }
)  # fmt: skip


def is_of_one_request(header: tuple[bytes, bytes], trace_id: bytes) -> bool:
    """Say whether a header names its request, by its name or by holding the request's trace id.

    Args:
        header: Name, in lower case, and value.
        trace_id: Hex id of the request's trace; empty where it has none.
    """
    name, value = header
    return name in _NAMES or (trace_id != b"" and trace_id in value)
