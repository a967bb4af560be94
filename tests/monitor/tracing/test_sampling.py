"""The head's decision, and what a caller's headers say about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace._sampling_experimental import composable_traceid_ratio_based, composite_sampler
from opentelemetry.sdk.trace.sampling import Decision

from monitor.networks import Networks
from monitor.testing.fakes import ManualClock
from monitor.tracing.sampling import ForcedSampling, HeadSampler
from tests.monitor.tracing.room import Room

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def header(flags: str) -> dict[bytes, bytes]:
    return {b"traceparent": f"00-{TRACE}-{SPAN}-{flags}".encode()}


@given(st.floats(0, 1), st.integers(1, 2**128 - 1))
def test_the_sampler_decides_as_opentelemetry_does(ratio: float, trace_id: int) -> None:
    """Every service with the same ratio samples the same traces, and says alike how many each stands for."""
    theirs = composite_sampler(composable_traceid_ratio_based(ratio)).should_sample(None, trace_id, "")
    ours = HeadSampler(ratio)

    assert ours.samples(trace_id) is (theirs.decision is Decision.RECORD_AND_SAMPLE)
    if ours.samples(trace_id):
        assert theirs.trace_state is not None
        assert ours.state.to_header() == theirs.trace_state.to_header()


@pytest.mark.parametrize(("flags", "exported"), [("01", 1), ("00", 0)])
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_callers_decision_is_respected(flags: str, exported: int, ratio: float) -> None:
    """A caller that sampled is followed, one that did not is not, whatever our own ratio."""
    room = Room(ratio)

    with room.request(0.01, header(flags)) as trace:
        assert trace.sampled is bool(exported)

    assert trace.trace_id == TRACE
    assert [f"{span.parent.span_id:016x}" for span in room.exported() if span.parent] == [SPAN] * exported


def test_a_ratio_samples_its_share() -> None:
    """With a ratio of a tenth, about a tenth of the requests are sampled at the head."""
    room = Room(0.1)
    for _ in range(2_000):
        with room.request(0.001):
            pass

    assert 120 < len(room.exported()) < 290


def states(room: Room) -> list[str]:
    return [span.context.trace_state.to_header() for span in room.exported() if span.context]


@pytest.mark.parametrize(
    ("ratio", "seconds", "error", "state"),
    [
        (1.0, 0.01, None, "ot=th:0"),
        (0.5, 0.01, None, "ot=th:8"),
        (0.5, 0.01, "KeyError", "ot=th:0"),
        (0.5, 1.0, None, "ot=th:0"),
        (0.0, 0.01, "KeyError", "ot=th:0"),
        (0.0, 1.0, None, "ot=th:0"),
    ],
)
def test_a_backend_that_extrapolates_counts_each_request_once(
    ratio: float, seconds: float, error: str | None, state: str
) -> None:
    """What is kept for being slow or failed stands for itself; what the head drew stands for its share."""
    room = Room(ratio)
    while not room.exporter.spans:
        with room.request(seconds, error_type=error, status=500 if error else 200):
            pass
        room.exported()

    assert states(room) == [state]


def test_failures_counted_by_their_thresholds_come_to_their_number() -> None:
    """Summed over the exported spans, one over the sampled share is the number of requests that failed."""
    room = Room(0.25)
    for turn in range(400):
        failed = turn % 4 == 0
        with room.request(0.01, status=500 if failed else 200, error_type="KeyError" if failed else None):
            pass

    assert [state for state in states(room) if state == "ot=th:0"] == ["ot=th:0"] * 100


def test_what_others_wrote_into_the_state_stays() -> None:
    """A failed request below a caller's threshold keeps the caller's random bits and every vendor's part."""
    room = Room()
    lines = {**header("01"), b"tracestate": b"rojo=1,ot=th:c;rv:0123456789abcd;x:y,congo=2"}

    with room.request(0.01, lines, status=500, error_type="KeyError"):
        pass

    assert states(room) == ["ot=th:0;rv:0123456789abcd;x:y,rojo=1,congo=2"]


def test_a_strangers_trace_is_linked_and_not_followed() -> None:
    """A caller whom nobody named decides neither on our ids nor on our sampling; its span is linked."""
    room = Room(trusted=Networks())

    with room.request(1.0, header("01")) as trace:
        assert (trace.trace_id != TRACE, trace.sampled) == (True, False)

    (span,) = room.exported()
    assert span.parent is None
    assert [(f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links] == [
        (TRACE, SPAN)
    ]


def test_callers_cannot_have_everything_sampled() -> None:
    """Above the bound a caller's wish counts no more until time has passed; what it follows is its trace."""
    room = Room(forced_per_s=2.0)

    def asked() -> bool:
        with room.request(0.0, header("01")) as trace:
            assert trace.trace_id == TRACE
            assert trace.context is not None
        return bool(trace.sampled)

    assert [asked() for _ in range(4)] == [True, True, False, False]
    room.clock.advance(0.5)
    assert [asked() for _ in range(2)] == [True, False]


@given(st.lists(st.floats(0, 100), max_size=50), st.floats(1, 50))
def test_forced_sampling_stays_within_its_rate(pauses: list[float], per_s: float) -> None:
    """However the requests come, no more are allowed than the rate gives beside its first second."""
    clock = ManualClock()
    forced = ForcedSampling(per_s, clock)
    allowed = 0
    for pause in pauses:
        clock.advance(pause)
        allowed += forced.allows()

    assert allowed <= per_s * (sum(pauses) + 1) + 1e-6
