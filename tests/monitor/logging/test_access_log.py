"""The hand-written line is the JSON that an encoder would have written."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.logging.access_log import AccessLog, dated
from monitor.metrics.catalogue import Outcome
from monitor.testing.fakes import ManualClock


@dataclass
class Trace:
    """Ids, as a request's trace has them."""

    id: int
    span_id: int


@dataclass
class Ended:
    """An ended request."""

    method: str
    route: str | None
    status: int
    outcome: Outcome
    error_type: str | None
    tenant: int | None
    cache: str | None
    trace: Any
    started: float
    ended: float
    failure: BaseException | None = None


WORDS = st.none() | st.text(max_size=20)
ENDINGS = st.builds(
    Ended,
    method=st.sampled_from(["GET", "POST", "_OTHER"]),
    route=WORDS,
    status=st.integers(100, 599),
    outcome=st.sampled_from(list(Outcome)),
    error_type=WORDS,
    tenant=st.none() | st.integers(1, 2**63 - 1),
    cache=WORDS,
    trace=st.builds(Trace, st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1)),
    started=st.just(5.0),
    ended=st.floats(5.0, 500.0),
)


def lines_of(ending: Any, lowest: int = logging.INFO) -> list[dict[str, Any]]:
    lines: list[bytes] = []
    AccessLog(lines.append, ManualClock(), lowest).ended(ending)
    return [json.loads(line) for line in lines]


def test_a_line_names_the_tenant_as_the_service_does() -> None:
    """The field of the tenant's id has the service's own name."""
    ending: Any = Ended(
        method="GET", route="/", status=200, outcome=Outcome.SUCCESS, error_type=None, tenant=7, cache=None,
        trace=Trace(1, 1), started=5.0, ended=5.0,
    )  # fmt: skip
    lines: list[bytes] = []
    AccessLog(lines.append, ManualClock(), logging.INFO, "account").ended(ending)

    assert 7 == json.loads(lines[0])["account"]


@given(ENDINGS)
def test_a_line_is_json_whatever_it_names(ending: Ended) -> None:
    """Quotes, percent signs and braces in any word come back as they were."""
    (line,) = lines_of(ending)

    assert line == {
        "timestamp": dated(ManualClock().time()),
        "level": "info" if ending.error_type is None else "error",
        "event": "request",
        "trace_id": f"{ending.trace.id:032x}",
        "span_id": f"{ending.trace.span_id:016x}",
        "tenant": ending.tenant,
        "route": ending.route,
        "method": ending.method,
        "status": ending.status,
        "outcome": str(ending.outcome),
        "error_type": ending.error_type,
        "cache": ending.cache,
        "duration_ms": round((ending.ended - ending.started) * 1e3, 3),
    }


@given(ENDINGS)
def test_above_information_only_failures_are_written(ending: Ended) -> None:
    """At level warning a request that succeeded leaves no line."""
    assert len(lines_of(ending, logging.WARNING)) == (ending.error_type is not None)


@given(st.floats(0, 4e9))
def test_a_date_is_iso_8601_in_utc(seconds: float) -> None:
    """Any reader of ISO 8601 gets the moment back, to the millisecond."""
    read = datetime.fromisoformat(dated(seconds))

    assert read.tzinfo == UTC
    assert abs(read.timestamp() - seconds) < 0.0011
