"""What the middlewares of one request tell each other."""

from __future__ import annotations

from monitor.middleware.request import open_record, record_of
from tests.monitor.tracing.room import Room


def test_the_record_lives_in_the_scope() -> None:
    """Whoever asks gets the record that the outermost middleware began."""
    scope: dict[str, object] = {}

    record = open_record(scope, 5.0)

    assert record_of(scope) is record
    assert record.started == 5.0


def test_a_record_is_begun_where_no_outer_middleware_did() -> None:
    """An inner middleware works alone, too."""
    scope: dict[str, object] = {}

    assert record_of(scope) is record_of(scope)
    assert (record_of(scope).trace_id, record_of(scope).span_id) == ("", "")


def test_the_record_knows_the_ids_of_its_trace() -> None:
    """An error page can name the trace that the operator will look up."""
    record = open_record({}, 0.0)

    record.trace = Room().tracing.requests.begin({}, 0.0)

    assert record.trace_id == record.trace.trace_id
    assert record.span_id == record.trace.hex_span_id
