"""Every statement is one span and one observation, which agree and quote nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from monitor.clock import SystemClock
from monitor.consistency import outbox_statements as outbox
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.statements import StatementWords, words_of
from monitor.database.telemetry import StatementTelemetry
from monitor.errors import ConstraintViolated
from monitor.tenancy.context import bind
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.monitor.database.notes import NOTES, PAGES, WORDS

SECRET = "canary-5531"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Give a place where ended spans are kept."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> TracerProvider:
    """Give a provider that exports at once."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider


@pytest.fixture
async def traced(url: str, observer: RecordingObserver, provider: TracerProvider) -> AsyncIterator[Database]:
    """Give a database whose statements are traced; every one counts as slow."""
    database = Database(
        url, observer=observer, tracer=provider.get_tracer("test"), clock=SystemClock(), slow_query_s=0.0
    )
    yield database
    await database.aclose()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_statement_is_a_span_on_the_stable_conventions(
    traced: Database, spans: InMemorySpanExporter, url: str
) -> None:
    """System, operation, collection and summary stand on a client span named by the summary."""
    with bind(1):
        async with traced.reading() as reader:
            await reader.all(scope.select(NOTES))

    [span] = spans.get_finished_spans()
    assert ("SELECT notes", SpanKind.CLIENT) == (span.name, span.kind)
    expected = {
        "db.system.name": "sqlite" if "sqlite" in url else "postgresql",
        "db.operation.name": "SELECT",
        "db.collection.name": "notes",
        "db.query.summary": "SELECT notes",
    }
    assert expected == {key: value for key, value in attributes(span).items() if key != "db.namespace"}


async def test_the_metrics_seconds_are_the_spans(
    traced: Database, spans: InMemorySpanExporter, observer: RecordingObserver
) -> None:
    """Span and observation have the same start and end."""
    with bind(1):
        async with traced.writing() as unit:
            await unit.execute(scope.insert(NOTES, id=1, text="x"))

    names = [span.name for span in spans.get_finished_spans()]
    lengths = [(span.end_time or 0) - (span.start_time or 0) for span in spans.get_finished_spans()]
    queried = observer.of("queried")
    assert ["INSERT notes", "COMMIT"] == names == [summary for _, _, _, summary, _, _ in queried]
    assert lengths == [int(seconds * 1e9) for *_, seconds, _ in queried]


async def test_a_failed_statement_says_what_failed_and_quotes_nothing(
    traced: Database, spans: InMemorySpanExporter, observer: RecordingObserver
) -> None:
    """The error's class and the database's code are told; no value of the row is."""
    with bind(1), pytest.raises(ConstraintViolated) as caught:
        async with traced.writing() as unit:
            await unit.execute(scope.insert(NOTES, id=1, text=SECRET))
            await unit.execute(scope.insert(NOTES, id=1, text=SECRET))

    failed = spans.get_finished_spans()[-1]
    assert (StatusCode.ERROR, "IntegrityError") == (
        failed.status.status_code,
        attributes(failed)["error.type"],
    )
    assert attributes(failed)["db.response.status_code"] in ("23505", "SQLITE_CONSTRAINT_PRIMARYKEY")
    assert "IntegrityError" == observer.of("queried")[-1][-1]
    told = f"{caught.value} {observer.calls} {[span.to_json() for span in spans.get_finished_spans()]}"
    assert SECRET not in told


async def test_a_slow_statement_is_logged_by_its_summary(
    traced: Database, observer: RecordingObserver
) -> None:
    """The line of a slow query holds summary and seconds, and no parameter."""
    with structlog.testing.capture_logs() as lines, bind(1):
        async with traced.reading() as reader:
            await reader.all(scope.select(NOTES).where(NOTES.c.text == SECRET))

    [line] = lines
    assert {"event": "slow_query", "summary": "SELECT notes", "log_level": "warning"} == {
        key: value for key, value in line.items() if key != "seconds"
    }
    assert ["SELECT notes"] == [summary for summary, _ in observer.of("slow_query")]


async def test_only_statements_over_the_bound_are_slow() -> None:
    """A statement that takes exactly the bound is not slow; one that takes longer is."""
    clock, observer = ManualClock(), RecordingObserver()
    telemetry = StatementTelemetry(
        system="sqlite",
        namespace="",
        observer=observer,
        tracer=TracerProvider().get_tracer("test"),
        clock=clock,
        slow_query_s=0.5,
    )

    async def taking(seconds: float) -> None:
        clock.advance(seconds)

    await telemetry.run(StatementWords("SELECT", "a", "SELECT a"), lambda: taking(0.5))
    await telemetry.run(StatementWords("SELECT", "b", "SELECT b"), lambda: taking(0.75))

    assert [("SELECT b", 0.75)] == observer.of("slow_query")


async def test_an_interrupted_statement_is_observed_too(observer: RecordingObserver) -> None:
    """What ends a statement without being the database's error is told by its class, and passed on."""
    telemetry = StatementTelemetry(
        system="sqlite",
        namespace="",
        observer=observer,
        tracer=TracerProvider().get_tracer("test"),
        clock=ManualClock(),
        slow_query_s=0.5,
    )

    async def interrupted() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await telemetry.run(StatementWords("SELECT", "a", "SELECT a"), interrupted)

    assert "KeyError" == observer.of("queried")[0][-1]


def test_words_come_from_the_structure() -> None:
    """Operation and tables are told in order; joins name every table; a parameter never shows."""
    with bind(1):
        joined = scope.join(PAGES, NOTES, PAGES.c.note_id == NOTES.c.id)
        told = [
            words_of(statement)
            for statement in (
                scope.select(joined).where(NOTES.c.text == SECRET),
                scope.update(NOTES).values(text=SECRET),
                scope.delete(NOTES),
                sa.insert(WORDS).values(word=SECRET),
                sa.select(WORDS),
                sa.select(sa.literal(SECRET)),
                outbox.poll(limit=10),
                outbox.resolve([1], SECRET),
            )
        ]

    assert [
        ("SELECT", "pages", "SELECT pages notes"),
        ("UPDATE", "notes", "UPDATE notes"),
        ("DELETE", "notes", "DELETE notes"),
        ("INSERT", "words", "INSERT words"),
        ("SELECT", "words", "SELECT words"),
        ("SELECT", "", "SELECT"),
        ("SELECT", "cache_outbox", "SELECT cache_outbox cache_epoch"),
        ("DELETE", "cache_outbox", "DELETE cache_outbox"),
    ] == told
