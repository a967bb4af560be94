"""The head's decision, and what a caller's headers say about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from monitor.tracing.sampling import HeadSampler, Propagation, _extracted
from tests.monitor.tracing.room import Room

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def header(flags: str) -> dict[bytes, bytes]:
    return {b"traceparent": f"00-{TRACE}-{SPAN}-{flags}".encode()}


@given(st.floats(0, 1), st.integers(1, 2**128 - 1))
def test_the_sampler_decides_as_opentelemetry_does(ratio: float, trace_id: int) -> None:
    """Every service with the same ratio samples the same traces, whoever made its sampler."""
    theirs = TraceIdRatioBased(ratio).should_sample(None, trace_id, "").decision is Decision.RECORD_AND_SAMPLE

    assert HeadSampler(ratio).samples(trace_id) is theirs


@pytest.mark.parametrize(("flags", "exported"), [("01", 1), ("00", 0)])
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_callers_decision_is_respected(flags: str, exported: int, ratio: float) -> None:
    """A caller that sampled is followed, one that did not is not, whatever our own ratio."""
    room = Room(ratio)

    with room.request(0.01, header(flags)) as trace:
        assert trace.sampled is bool(exported)

    assert trace.trace_id == TRACE
    assert [f"{span.parent.span_id:016x}" for span in room.exported() if span.parent] == [SPAN] * exported


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"00-zz-zz-01",
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"\xff" * 55,
        b"00-" + TRACE.encode(),
    ],
)
def test_a_broken_header_begins_a_new_trace(value: bytes) -> None:
    """What does not parse is ignored, as the recommendation asks."""
    assert Propagation().parent({b"traceparent": value}) is None


@given(
    st.from_regex(rb"[0f][0f]-[0-9a-f]{31,33}-[0-9a-f]{16}-[0-9a-f]{2}(-.{2})?", fullmatch=True)
    | st.from_regex(rb"00-[0-9a-fA-F_ ]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True)
    | st.from_regex(rb"00-(0{32}|1{32})-(0{16}|2{16})-0[0-3]", fullmatch=True)
)
def test_headers_are_read_as_opentelemetry_reads_them(value: bytes) -> None:
    """The short way for the usual header agrees with the official propagator, whatever comes in."""
    assert Propagation().parent({b"traceparent": value}) == _extracted({b"traceparent": value})


def test_the_trace_state_is_handed_on() -> None:
    """What other vendors wrote beside the trace context travels on unchanged."""
    parent = Propagation().parent({**header("01"), b"tracestate": b"vendor=opaque"})

    assert parent is not None
    assert parent.trace_state.to_header() == "vendor=opaque"


def test_only_listed_baggage_passes() -> None:
    """A caller's baggage may hold anything, so what is not on the list is dropped."""
    headers = {b"baggage": b"campaign=spring,patient=Ann%20Smith"}

    assert Propagation().baggage(headers) == {}
    assert Propagation(frozenset({"campaign"})).baggage(headers) == {"campaign": "spring"}


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_no_header_can_break_a_request(parent: bytes, state: bytes, baggage: bytes) -> None:
    """Whatever bytes a client sends, the headers parse to something or to nothing."""
    headers = {b"traceparent": parent, b"tracestate": state, b"baggage": baggage}
    propagation = Propagation(frozenset({"campaign"}))

    found = propagation.parent(headers)

    assert found is None or found.is_valid
    assert set(propagation.baggage(headers)) <= {"campaign"}


def test_a_ratio_samples_its_share() -> None:
    """With a ratio of a tenth, about a tenth of the requests are sampled at the head."""
    room = Room(0.1)
    for _ in range(2_000):
        with room.request(0.001):
            pass

    assert 120 < len(room.exported()) < 290
