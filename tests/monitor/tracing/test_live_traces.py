"""Real spans are collected for as long as somebody holds their trace."""

from __future__ import annotations

from monitor.tracing.flight_record import MOST_SPANS
from monitor.tracing.live_traces import LiveTraces


def test_requests_of_one_trace_share_their_spans() -> None:
    """Two requests that a caller sent in one trace are shown together."""
    live = LiveTraces()
    first, second = live.spans_of(1), live.spans_of(1)

    live.ended(1, "span")
    live.ended(2, "another")

    assert first is second
    assert first == ["span"]


def test_a_trace_that_nobody_holds_is_gone() -> None:
    """What has left the shelf is not collected any more, and takes no memory."""
    live = LiveTraces()
    spans = live.spans_of(1)
    del spans

    live.ended(1, "late")

    assert live.spans_of(1) == []


def test_a_trace_holds_a_bounded_number_of_spans() -> None:
    """A trace that never ends does not grow without bound."""
    live = LiveTraces()
    spans = live.spans_of(1)

    for number in range(10 * MOST_SPANS):
        live.ended(1, number)

    assert len(spans) == MOST_SPANS
