"""A caller's headers are read as W3C's recommendations say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tracing.propagation import Propagation, _extracted

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01".encode()


def state_of(*lines: tuple[bytes, bytes]) -> str | None:
    """Return the trace state of a request with those header lines; None where no caller counts."""
    parent = Propagation().parent(lines)
    return None if parent is None else parent.trace_state.to_header()


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
    assert Propagation().parent([(b"traceparent", value)]) is None


@given(
    st.from_regex(rb"[0f][0f]-[0-9a-f]{31,33}-[0-9a-f]{16}-[0-9a-f]{2}(-.{2})?", fullmatch=True)
    | st.from_regex(rb"00-[0-9a-fA-F_ ]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True)
    | st.from_regex(rb"00-(0{32}|1{32})-(0{16}|2{16})-0[0-3]", fullmatch=True)
)
def test_headers_are_read_as_opentelemetry_reads_them(value: bytes) -> None:
    """The short way for the usual header agrees with the official propagator, whatever comes in."""
    assert Propagation().parent([(b"traceparent", value)]) == _extracted(value, b"")


def test_the_trace_state_is_handed_on() -> None:
    """What other vendors wrote beside the trace context travels on unchanged."""
    assert state_of((b"traceparent", PARENT), (b"tracestate", b"vendor=opaque")) == "vendor=opaque"


def test_of_two_traceparents_neither_counts() -> None:
    """A header that may stand once is no header where it stands twice, equal or not."""
    other = PARENT.replace(b"b7", b"b8")

    assert state_of((b"traceparent", PARENT), (b"traceparent", other)) is None
    assert state_of((b"traceparent", PARENT), (b"traceparent", PARENT)) is None


def test_several_tracestates_are_one_list() -> None:
    """Lists over several lines are joined in their order, empty lines left out."""
    lines = [(b"tracestate", value) for value in (b"foo=1", b"", b"bar=2,rojo=3", b"congo=4")]

    assert state_of((b"traceparent", PARENT), *lines) == "foo=1,bar=2,rojo=3,congo=4"
    assert state_of(lines[0], (b"traceparent", PARENT), *lines[1:]) == "foo=1,bar=2,rojo=3,congo=4"


def test_space_around_a_header_is_no_part_of_it() -> None:
    """Optional white space around a field's value belongs to the message (RFC 9110, 5.5)."""
    assert state_of((b"traceparent", b" \t" + PARENT + b" ")) == ""


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

    found = propagation.parent(headers.items())

    assert found is None or found.is_valid
    assert set(propagation.baggage(headers)) <= {"campaign"}
