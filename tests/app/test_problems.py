"""Whatever goes wrong is told as a problem document (RFC 9457) that holds nothing of the request."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.config import AppConfig
from app.errors import BrokenRule, Collision, DomainError, NotThere, Outdated
from app.problems import HANDLERS, PROBLEMS, Problem
from monitor.errors import (
    ConnectionLost,
    ConstraintViolated,
    MonitorError,
    PoolExhausted,
    StatementFailed,
    TenantNotBound,
    UnscopedStatement,
)
from tests.app.service import Caller, Service, config_of, contact, running

CANARY = "Canary-Unmistakable"
JSON = {"Content-Type": "application/json"}


async def test_a_problem_document_has_every_part(sqlite_service: Service) -> None:
    """Type, title, status, detail, instance and trace id stand in every problem, and it is never stored."""
    answer = await sqlite_service.staff.get("/api/contacts/1")

    told = answer.json()
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert "no-store" == answer.headers["Cache-Control"]
    assert ("/docs#problem-not-found", "Not found", 404) == (told["type"], told["title"], told["status"])
    assert 32 == len(told["trace_id"])
    assert f"urn:trace:{told['trace_id']}" == told["instance"]
    assert told["detail"]


async def test_each_kind_of_problem_is_one_kind(sqlite_service: Service) -> None:
    """Every kind has a status, a link and a title of its own, and the link leads to its description."""
    page = (await sqlite_service.stranger.get("/docs")).text

    assert (
        len(PROBLEMS) == len({problem.kind for problem in PROBLEMS}) == len({one.status for one in PROBLEMS})
    )
    assert set(PROBLEMS) == set(Problem.__subclasses__())
    assert all(f'id="problem-{problem.kind}"' in page for problem in PROBLEMS)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/contact", 404),
        ("GET", "/api/contacts/", 404),
        ("GET", "/api/contacts/0", 404),
        ("GET", "/api/contacts/-1", 404),
        ("GET", "/api/contacts/1.0", 404),
        ("GET", f"/api/contacts/{CANARY}", 404),
        ("GET", "/api/contacts/%D9%A1", 404),
        ("GET", f"/api/contacts/{2**63}", 404),
        ("GET", f"/api/contacts/{'9' * 4_000}", 404),
        ("GET", f"/api/contacts/{2**63 - 1}", 404),
        ("DELETE", "/api/contacts/99", 404),
        ("DELETE", "/api/contacts", 405),
        ("POST", "/api/contacts/1", 405),
        ("TRACE", "/api/contacts", 405),
        ("BREW", "/api/contacts", 405),
        ("POST", "/api/analytics/dashboard", 405),
        ("PUT", "/openapi.json", 405),
    ],
)
async def test_what_is_not_there_answers_as_a_problem(
    sqlite_service: Service, method: str, path: str, status: int
) -> None:
    """Unknown paths and ids answer 404, unknown methods 405 with those there are; none repeats the path."""
    answer = await sqlite_service.staff.ask(method, path)

    assert status == answer.status_code
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert CANARY not in answer.text
    assert (status == 405) is ("Allow" in answer.headers)


async def test_a_405_names_every_method_of_the_path(sqlite_service: Service) -> None:
    """`Allow` lists all methods of the path, not those of one of its handlers."""
    one = await sqlite_service.staff.ask("TRACE", "/api/contacts/1")
    many = await sqlite_service.staff.ask("TRACE", "/api/contacts")

    assert {"GET", "HEAD", "PUT", "PATCH", "DELETE"} == set(one.headers["Allow"].split(", "))
    assert {"GET", "HEAD", "POST"} == set(many.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"name": "Ana"', JSON, 400),
        (b"", JSON, 400),
        (b"Canary-Unmistakable", JSON, 400),
        (b'{"name": "\xff"}', JSON, 400),
        (b'{"name": "\\ud800"}', JSON, 400),
        (b'{"name": NaN}', JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b'{"name": ' + b"[" * 100_000, JSON, 400),
        (b"[]", JSON, 422),
        (b"null", JSON, 422),
        (b'"Canary-Unmistakable"', JSON, 422),
        (b'{"name": "Ana"}', {}, 415),
        (b"name=Ana", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'{"name": "Ana"}', {"Content-Type": "text/plain"}, 415),
        (b'{"name": "Ana"}', {"Content-Type": "application/json; charset=utf-8"}, 201),
        (b'{"name": "Ana"}', {"Content-Type": "Application/JSON"}, 201),
        (b'{"name": "Ana", "name": "Rui"}', JSON, 201),
        (b"\xef\xbb\xbf{}", JSON, 400),
    ],
)
async def test_a_body_that_cannot_be_read_answers_as_a_problem(
    sqlite_service: Service, content: bytes, headers: dict[str, str], status: int
) -> None:
    """What is not JSON answers 400, what is not declared as JSON 415, what is no object 422."""
    answer = await sqlite_service.staff.ask("POST", "/api/contacts", headers=headers, content=content)

    assert status == answer.status_code
    assert CANARY not in answer.text


@pytest.fixture
async def narrow(clinics_on_sqlite: str) -> AsyncIterator[Service]:
    """Give the service with bodies of at most one kilobyte."""
    config: AppConfig = config_of(clinics_on_sqlite, TASKMED_MAX_BODY_KB="1")
    async with running(config) as service:
        yield service


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_too_large_answers_413(narrow: Service, declared: bool) -> None:  # noqa: FBT001 - a case
    """A body over the limit is refused by its declared length, and by its bytes where it declares none."""
    body = b'{"name": "Ana", "notes": "' + b"x" * 1_024 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 256):
            yield body[start : start + 256]

    content = body if declared else chunks()
    answer = await narrow.staff.ask("POST", "/api/contacts", headers=JSON, content=content)

    assert 413 == answer.status_code
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert 0 == (await narrow.staff.get("/api/contacts")).json()["total"]


@pytest.mark.parametrize(
    "field",
    [{"email": CANARY}, {CANARY: 1}, {f"x {CANARY}": 1}, {"dateOfBirth": CANARY}, {"language": CANARY}],
)
async def test_a_field_error_repeats_no_value(sqlite_service: Service, field: dict[str, object]) -> None:
    """What was sent never comes back: no value, and no field's name that is not plainly one."""
    answer = await sqlite_service.staff.post("/api/contacts", contact(**field))

    assert 422 == answer.status_code
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (TenantNotBound(), 403),
        (DomainError(CANARY), 500),
        (ConstraintViolated("INSERT contacts", "IntegrityError"), 409),
        (PoolExhausted(5.0), 503),
        (StatementFailed("SELECT contacts", "OperationalError"), 503),
        (ConnectionLost("SELECT contacts", "ConnectionResetError"), 503),
        (UnscopedStatement("contacts"), 500),
        (ValueError(CANARY), 500),
        (HTTPException(418, CANARY), 500),
        (MonitorError(CANARY), 500),
    ],
)
async def test_a_failure_inside_is_told_without_what_failed(failure: Exception, status: int) -> None:
    """Failures of the kit and of our own become problems; their text stays inside."""

    async def fail(_request: Request) -> Response:
        raise failure

    app = Starlette(routes=[Route("/fail", fail)], exception_handlers=HANDLERS)

    answer = await Caller(app, None).get("/fail")

    assert status == answer.status_code
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert str(failure) not in answer.text
    assert (status == 503) is ("Retry-After" in answer.headers)


@pytest.mark.parametrize(
    ("error", "status", "detail", "fields"),
    [
        (NotThere("There is none."), 404, "There is none.", {}),
        (Outdated("contacts", 2), 412, "It changed since you read it: read it again", {}),
        (Collision("The room is taken."), 409, "The room is taken.", {}),
        (BrokenRule("contact_id", "must be one"), 422, "See `errors`", {"/contactId": "must be one"}),
    ],
)
async def test_what_a_service_says_is_told_in_the_words_of_http(
    error: DomainError, status: int, detail: str, fields: dict[str, str]
) -> None:
    """Each error of the domain has its status, and a field's name becomes a JSON pointer."""

    async def fail(_request: Request) -> Response:
        raise error

    app = Starlette(routes=[Route("/fail", fail)], exception_handlers=HANDLERS)

    told = (await Caller(app, None).get("/fail")).json()

    assert status == told["status"]
    assert told["detail"].startswith(detail)
    assert fields == {one["field"]: one["message"] for one in told.get("errors", ())}


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (PoolExhausted(5.0), "More is asked of the database"),
        (ConnectionLost("CONNECT", "ConnectionRefusedError"), "The database is out of reach"),
    ],
)
async def test_an_outage_is_not_called_overload(failure: Exception, words: str) -> None:
    """Whoever reads a 503 learns whether the database is away or merely busy."""

    async def fail(_request: Request) -> Response:
        raise failure

    app = Starlette(routes=[Route("/fail", fail)], exception_handlers=HANDLERS)

    assert (await Caller(app, None).get("/fail")).json()["detail"].startswith(words)
