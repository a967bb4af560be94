"""A worker that takes leave says so to load balancers and to clients, and answers all the same."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from monitor.operations.drain import Drain


async def answer(_request: Request) -> Response:
    return PlainTextResponse("answer", headers={"Connection": "keep-alive"})


@pytest.mark.parametrize("how", ["begun", "followed"])
def test_answers_close_their_connections(how: str) -> None:
    """From the moment it is asked for every answer closes, whole and with the headers it had."""
    drain = Drain()
    client = TestClient(drain.telling(Starlette(routes=[Route("/", answer)])))
    before = client.get("/")

    if how == "begun":
        drain.begin()
    else:
        drain.follow(lambda: True)
    after = client.get("/")

    assert ("keep-alive", "close") == (before.headers["connection"], after.headers["connection"])
    assert ("answer", "text/plain; charset=utf-8") == (after.text, after.headers["content-type"])
    assert drain.under_way
