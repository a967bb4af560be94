"""A write is answered only once its commits are settled."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from monitor.database.write_context import Commit, hand_over
from monitor.middleware.invalidation import InvalidationMiddleware
from monitor.scopes import CacheScope
from monitor.tenancy.identity import TenantId

CONTACTS = CacheScope(TenantId(1), "contacts", "7")
APPOINTMENTS = CacheScope(TenantId(1), "appointments")


class Ledger:
    """A settlement that writes down what it settled, in the order of all that happened."""

    def __init__(self) -> None:
        self.lines: list[object] = []

    async def settle(self, commit: Commit) -> None:
        self.lines.append(commit)


def commit(row: int, *scopes: CacheScope) -> Commit:
    return Commit(scopes, (row,), float(row))


def client(ledger: Ledger) -> TestClient:
    async def write(request: Request) -> Response:
        assert hand_over(commit(1, CONTACTS))
        assert hand_over(commit(2, CONTACTS, APPOINTMENTS))
        ledger.lines.append("handler ended")
        return PlainTextResponse("done")

    async def fail(request: Request) -> Response:
        hand_over(commit(1, CONTACTS))
        raise RuntimeError

    async def late(request: Request) -> Response:
        def work() -> None:
            hand_over(commit(9, CONTACTS))

        return PlainTextResponse("done", background=BackgroundTask(work))

    async def read(request: Request) -> Response:
        ledger.lines.append(hand_over(commit(1, CONTACTS)))
        return PlainTextResponse("done")

    routes = [
        Route("/write", write, methods=["POST"]),
        Route("/fail", fail, methods=["POST"]),
        Route("/late", late, methods=["POST"]),
        Route("/read", read),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(InvalidationMiddleware, settlement=ledger)])
    return TestClient(app)


def test_all_commits_of_a_request_are_settled_once_and_together() -> None:
    """Two units of work are one round trip: scopes without doubles, the rows of both, the later time."""
    ledger = Ledger()
    client(ledger).post("/write")

    assert ledger.lines == ["handler ended", Commit((CONTACTS, APPOINTMENTS), (1, 2), 2.0)]


async def test_nothing_is_sent_before_the_settlement_ends() -> None:
    """The answer's first byte waits for the settlement."""
    ledger = Ledger()

    async def app(scope: object, receive: object, send: object) -> None:
        hand_over(commit(1, CONTACTS))
        await PlainTextResponse("done")(scope, receive, send)  # type: ignore[arg-type]

    async def send(message: object) -> None:
        ledger.lines.append(message["type"])  # type: ignore[index]

    scope = {"type": "http", "method": "POST"}
    await InvalidationMiddleware(app, ledger)(scope, None, send)  # type: ignore[arg-type]

    assert ledger.lines == [commit(1, CONTACTS), "http.response.start", "http.response.body"]


def test_a_failed_request_settles_what_it_committed() -> None:
    """The commit stands although the handler failed after it."""
    ledger = Ledger()
    with pytest.raises(RuntimeError):
        client(ledger).post("/fail")

    assert ledger.lines == [commit(1, CONTACTS)]


def test_background_work_is_settled_at_its_end() -> None:
    """What a background task commits after the answer is settled as well."""
    ledger = Ledger()
    client(ledger).post("/late")

    assert ledger.lines == [commit(9, CONTACTS)]


def test_a_read_opens_no_write_context() -> None:
    """A unit of work inside a safe request settles itself, as it would outside of any request."""
    ledger = Ledger()
    client(ledger).get("/read")

    assert ledger.lines == [False]
