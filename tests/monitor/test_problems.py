"""What the kit refuses is a problem document."""

from __future__ import annotations

import json
from http import HTTPStatus

from monitor.problems import problem


def test_a_refusal_is_a_problem_document() -> None:
    """Type, title, status, detail and trace stand in it, and nothing may store it."""
    answer = problem(HTTPStatus.FORBIDDEN, "For operators.", "ab" * 16, WWW_Authenticate="Bearer")

    assert answer.status_code == 403
    assert answer.media_type == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "For operators.",
        "instance": "urn:trace:" + "ab" * 16,
        "trace_id": "ab" * 16,
    }


def test_without_a_trace_none_is_named() -> None:
    """An empty trace id would send somebody looking for it."""
    assert b"trace" not in bytes(problem(HTTPStatus.BAD_REQUEST, "No.").body)
