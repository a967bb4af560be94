"""Log lines are JSON, know their request, and say nothing that is not declared."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import threading
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from monitor.logging.logs import Logs
from monitor.middleware.performance import PerformanceMiddleware
from monitor.middleware.sign_in import SignIn
from monitor.middleware.tenant import TenantMiddleware
from monitor.tenancy.context import bind
from monitor.testing.fakes import ManualClock, RecordingObserver
from monitor.tracing.provider import build_tracing
from tests.monitor.middleware.test_tenant import Tokens, bearer
from tests.monitor.tracing.room import SERVICE, Ended, Room

PATIENT = "Ann Smith"


class Journal:
    """A log and what it wrote."""

    def __init__(self, level: str = "info", **options: Any) -> None:
        self.stream = io.BytesIO()
        self.clock = ManualClock()
        self.dropped: list[int] = []
        self.logs = Logs(self.stream, level=level, clock=self.clock, dropped=self.dropped.append, **options)

    @property
    def lines(self) -> list[dict[str, Any]]:
        assert self.logs.flush(10)
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_date_and_level() -> None:
    """An event is dated by the injected clock and carries its level and its declared fields."""
    journal = Journal()

    journal.logs.logger.warning("cache switched", domain="contacts", state="off")

    assert journal.lines == [
        {
            "timestamp": "2025-06-15T15:06:40.000+00:00",
            "level": "warning",
            "event": "cache switched",
            "domain": "contacts",
            "state": "off",
        }
    ]


def test_a_line_names_the_tenant_as_the_service_does() -> None:
    """The field of the tenant's id has the service's own name, whoever filled it in."""
    journal = Journal(tenant_field="account")

    journal.logs.logger.info("told", tenant=7)
    with bind(8):
        journal.logs.logger.info("bound")

    assert [7, 8] == [line["account"] for line in journal.lines]
    assert all("tenant" not in line for line in journal.lines)


def test_undeclared_fields_are_dropped() -> None:
    """A field that nobody declared, or a value that is no plain one, does not reach the line."""
    journal = Journal(fields=frozenset({"batch"}))

    journal.logs.logger.info("saved", patient=PATIENT, batch=3, reason={"name": PATIENT})

    (line,) = journal.lines
    assert PATIENT not in json.dumps(line)
    assert (line["batch"], line["reason"]) == (3, "dict")


def test_an_exception_leaves_its_class_and_its_place() -> None:
    """A traceback's files and lines are kept; its message, which quotes data, is not."""
    journal = Journal()

    try:
        [].index(PATIENT)  # type: ignore[arg-type]
    except ValueError:
        journal.logs.logger.exception("load failed")

    (line,) = journal.lines
    assert (line["level"], line["exception"]) == ("error", "ValueError")
    assert "test_logs.py" in line["stack"][-1]
    assert PATIENT not in json.dumps(line)


@pytest.mark.parametrize(("level", "expected"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_the_level_is_a_setting(level: str, expected: int) -> None:
    """Lines below the level are not written."""
    journal = Journal(level)

    for method in ("debug", "info", "warning"):
        getattr(journal.logs.logger, method)("something")

    assert len(journal.lines) == expected


def test_the_standard_librarys_records_come_without_their_arguments() -> None:
    """Other libraries' lines keep their template and their logger's name; arguments may be data."""
    journal = Journal()
    logger = logging.Logger("library")  # noqa: LOG001 - apart from the process's own tree
    logger.addHandler(journal.logs.handler())

    logger.error("could not write %s", PATIENT)

    (line,) = journal.lines
    assert (line["event"], line["logger"], line["level"]) == ("could not write %s", "library", "error")
    assert PATIENT not in json.dumps(line)


async def test_asyncios_reports_come_without_what_they_quote() -> None:
    """A task whose failure nobody took is reported by asyncio's first line, class and stack."""
    journal = Journal()

    async def fail() -> None:
        raise LookupError(PATIENT)

    with journal.logs.taken_over():
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])
        del task
        gc.collect()

    (line,) = journal.lines
    assert (line["event"], line["exception"]) == ("Task exception was never retrieved", "LookupError")
    assert PATIENT not in json.dumps(line)


def test_a_stuck_stream_costs_lines_and_never_a_request() -> None:
    """When nobody reads the stream, lines beyond the bound are dropped and counted."""
    release, entered = threading.Event(), threading.Event()

    class Stuck(io.BytesIO):
        def write(self, _: Any) -> int:
            entered.set()
            release.wait(10)
            return 0

    journal = Journal(capacity=10)
    journal.logs = Logs(
        Stuck(), level="info", clock=journal.clock, dropped=journal.dropped.append, capacity=10
    )
    journal.logs.logger.info("first")
    assert entered.wait(10)

    for _ in range(25):
        journal.logs.logger.info("next")

    release.set()
    assert sum(journal.dropped) == 15


@pytest.fixture(params=[0.0, 1.0], ids=["unsampled", "sampled"])
def client(request: pytest.FixtureRequest) -> tuple[TestClient, Journal]:
    """A service that logs from a handler and has access lines."""
    journal = Journal()
    tracing = build_tracing(
        SERVICE, clock=journal.clock, observer=RecordingObserver(), ratio=request.param, slow_s=1.0
    )

    async def show(_: Request) -> Response:
        journal.logs.logger.info("shown", count=1)
        journal.clock.advance(0.025)
        return PlainTextResponse("shown")

    async def broken(_: Request) -> Response:
        raise RuntimeError(PATIENT)

    app = Starlette(
        routes=[Route("/contacts/{contact_id}", show), Route("/broken", broken)],
        middleware=[
            Middleware(
                PerformanceMiddleware,
                recorder=RecordingObserver(),
                tracing=tracing.requests,
                clock=journal.clock,
                log=journal.logs.access,
            ),
            Middleware(TenantMiddleware, sign_in=SignIn(Tokens())),
        ],
    )
    return TestClient(app, raise_server_exceptions=False), journal


def test_a_line_inside_a_request_names_trace_span_clinic_and_route(
    client: tuple[TestClient, Journal],
) -> None:
    """An event and the access line of its request share trace id, clinic and route."""
    http, journal = client

    http.get("/contacts/Ann-Smith", headers=bearer("2"))

    event, access = journal.lines
    assert access.pop("timestamp")
    assert len(access["trace_id"]) == 32
    assert len(access["span_id"]) == 16
    assert access == {
        "level": "info",
        "event": "request",
        "trace_id": event["trace_id"],
        "span_id": event["span_id"],
        "tenant": 2,
        "route": "/contacts/{contact_id}",
        "method": "GET",
        "status": 200,
        "outcome": "success",
        "error_type": None,
        "cache": None,
        "duration_ms": 25.0,
    }
    assert (event["event"], event["tenant"], event["route"]) == ("shown", 2, "/contacts/{contact_id}")
    assert "Ann-Smith" not in json.dumps([event, access])


def test_a_failed_requests_line_is_an_error(client: tuple[TestClient, Journal]) -> None:
    """It names the exception's class and nothing of its message."""
    http, journal = client

    http.get("/broken", headers=bearer("1"))

    (line,) = journal.lines
    assert (line["level"], line["status"], line["error_type"]) == ("error", 500, "RuntimeError")
    assert PATIENT not in json.dumps(line)


def test_above_information_only_failures_have_access_lines() -> None:
    """With the level at warning a good request writes nothing, a failed one its line."""
    journal = Journal("warning")
    trace = Room().tracing.requests.begin({}, 0.0)
    journal.logs.access.ended(Ended(trace, 0.0, 1.0))
    journal.logs.access.ended(Ended(trace, 0.0, 1.0, error_type="KeyError"))

    assert [line["error_type"] for line in journal.lines] == ["KeyError"]
