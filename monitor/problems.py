"""Problem documents (RFC 9457) for what the kit itself refuses."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

_ENCODE = msgspec.json.Encoder().encode


def problem(status: HTTPStatus, detail: str, trace_id: str = "", **headers: str) -> Response:
    """Return a problem document.

    Args:
        status: The status; its phrase is the title.
        detail: What is wrong and what would be right; never what the client sent.
        trace_id: The request's trace, if it has one.
        headers: More headers, with `_` for `-`.
    """
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    if trace_id:
        document["traceId"] = trace_id
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        _ENCODE(document),
        int(status),
        {"Cache-Control": "no-store", **named},
        "application/problem+json",
    )
