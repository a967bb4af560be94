"""Problem documents (RFC 9457): the one shape of every answer that is not a success.

The kit's own refusals are of the kind `about:blank`, which says no more than the status does. A
service tells kinds of its own with `ProblemDocument` and `answer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
_encode = msgspec.json.Encoder().encode


class FieldError(msgspec.Struct, frozen=True):
    """One field that breaks a rule.

    Attributes:
        field: A JSON pointer into the body, such as `/email`, or a query parameter, such as `?page`.
        message: What would be right.
    """

    field: str
    message: str


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer that is not a success (RFC 9457).

    Attributes:
        type: A link to the description of this kind of problem.
        title: The kind in words; the same for every occurrence.
        status: The HTTP status code.
        detail: What happened this time, and what to do.
        instance: A name of this occurrence.
        trace_id: The trace to look up, or to tell the support.
        errors: The fields that break a rule.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    trace_id: str = ""
    errors: tuple[FieldError, ...] = ()


def document(
    kind: str, title: str, status: int, detail: str, trace_id: str = "", errors: tuple[FieldError, ...] = ()
) -> ProblemDocument:
    """Return the document of one occurrence, named by its trace where it has one."""
    instance = f"urn:trace:{trace_id}" if trace_id else ""
    return ProblemDocument(kind, title, status, detail, instance, trace_id, errors)


def answer(told: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem document, which nothing may store."""
    named = {"Cache-Control": "no-store", **(headers or {})}
    return Response(_encode(told), told.status, named, MEDIA_TYPE)


def problem(status: HTTPStatus, detail: str, trace_id: str = "", **headers: str) -> Response:
    """Answer with a problem that its status says all about.

    Args:
        status: The status; its phrase is the title.
        detail: What is wrong and what would be right; never what the client sent.
        trace_id: The request's trace, if it has one.
        headers: More headers, with `_` for `-`.
    """
    told = document("about:blank", status.phrase, int(status), detail, trace_id)
    return answer(told, {name.replace("_", "-"): value for name, value in headers.items()})
