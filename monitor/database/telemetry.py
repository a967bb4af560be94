"""Every statement as one span and one observation, with the same start and the same end.

Neither carries parameters nor the statement's text, and what a failed statement raises
does not either: a driver's message may quote the row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import sqlalchemy.exc as sa_exc
import structlog
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from monitor.clock import Clock
from monitor.database.database_observer import DatabaseObserver
from monitor.database.session_end import sqlstate_of
from monitor.database.statements import StatementWords
from monitor.errors import ConnectionLost, ConstraintViolated, StatementFailed

T = TypeVar("T")
_NANOSECONDS = 1_000_000_000


class StatementTelemetry:
    """Observes statements.

    Args:
        system: `db.system.name`: `postgresql` or `sqlite`.
        namespace: `db.namespace`: the database's name; empty for none.
        observer: Receives durations in seconds.
        tracer: Makes the spans.
        clock: Where durations and time stamps come from.
        slow_query_s: Statements that take longer are logged and counted.
        log: A structlog logger.
    """

    def __init__(
        self,
        *,
        system: str,
        namespace: str,
        observer: DatabaseObserver,
        tracer: Tracer,
        clock: Clock,
        slow_query_s: float,
        log: Any = None,
    ) -> None:
        self._attributes = {"db.system.name": system} | ({"db.namespace": namespace} if namespace else {})
        self._system = system
        self._observer = observer
        self._tracer = tracer
        self._clock = clock
        self._slow_query_s = slow_query_s
        self._log = structlog.get_logger("monitor.database") if log is None else log

    async def run(self, words: StatementWords, call: Callable[[], Awaitable[T]]) -> T:
        """Run one statement and observe it.

        Raises:
            ConstraintViolated: A key or another constraint refuses the row.
            ConnectionLost: The session ended before it answered, or did not answer in time.
            StatementFailed: Any other failure of the statement.
        """
        started, started_ns = self._clock.monotonic(), int(self._clock.time() * _NANOSECONDS)
        span = self._tracer.start_span(words.summary, kind=SpanKind.CLIENT, start_time=started_ns)
        error: BaseException | None = None
        try:
            return await call()
        except (sa_exc.DBAPIError, sa_exc.TimeoutError, OSError) as failure:
            error = failure
            raise _translated(words, failure) from None
        except BaseException as failure:
            error = failure
            raise
        finally:
            seconds = self._clock.monotonic() - started
            self._describe(span, words, error)
            span.end(end_time=started_ns + int(seconds * _NANOSECONDS))
            self._observe(words, seconds, error)

    def _describe(self, span: Span, words: StatementWords, error: BaseException | None) -> None:
        if not span.is_recording():
            return
        span.set_attributes(self._attributes)
        span.set_attribute("db.operation.name", words.operation)
        span.set_attribute("db.query.summary", words.summary)
        if words.collection:
            span.set_attribute("db.collection.name", words.collection)
        if error is not None:
            span.set_attribute("error.type", _error_type(error))
            span.set_status(Status(StatusCode.ERROR))
            if code := sqlstate_of(error):
                span.set_attribute("db.response.status_code", code)

    def _observe(self, words: StatementWords, seconds: float, error: BaseException | None) -> None:
        self._observer.queried(
            self._system,
            words.operation,
            words.collection,
            words.summary,
            seconds,
            None if error is None else _error_type(error),
        )
        if seconds > self._slow_query_s:
            self._observer.slow_query(words.summary, seconds)
            self._log.warning("slow_query", summary=words.summary, seconds=round(seconds, 4))


def _translated(words: StatementWords, failure: BaseException) -> StatementFailed:
    if not isinstance(failure, sa_exc.DBAPIError) or failure.connection_invalidated:
        return ConnectionLost(words.summary, _error_type(failure), sqlstate_of(failure))
    kind = ConstraintViolated if isinstance(failure, sa_exc.IntegrityError) else StatementFailed
    return kind(words.summary, _error_type(failure), sqlstate_of(failure))


def _error_type(error: BaseException) -> str:
    return type(error).__name__
