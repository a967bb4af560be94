"""Trace state is read and handed on as level 2 of W3C Trace Context says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import TraceState

from monitor.tracing.trace_state import MOST_MEMBERS, CarriedState, read_trace_state

KEYS = st.from_regex(r"[a-z0-9][_0-9a-z\-*/@]{0,255}", fullmatch=True)
VALUES = st.from_regex(r"[\x21-\x2b\x2d-\x3c\x3e-\x7e]{1,64}", fullmatch=True)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=MOST_MEMBERS))
def test_a_valid_list_is_handed_on_whole(members: dict[str, str]) -> None:
    """Every member of a valid list comes back in its order, with the space around it gone."""
    sent = " ,\t".join(f"{key}={value}" for key, value in members.items())

    assert read_trace_state(sent.encode()).to_header() == ",".join(f"{k}={v}" for k, v in members.items())


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("foo=1,foo=1", "foo=1"),
        ("foo=1,foo=2", "foo=1"),
        ("foo=1,,bar=2,", "foo=1,bar=2"),
        ("foo@=1,bar=2", "foo@=1,bar=2"),
        ("foo@@bar=1,bar=2", "foo@@bar=1,bar=2"),
        ("0a=1", "0a=1"),
        ("z" * 256 + "=1,foo=1", "z" * 256 + "=1,foo=1"),
        ("z" * 257 + "=1,foo=1", ""),
        ("@foo=1,bar=2", ""),
        ("FOO=1", ""),
        ("foo =1", ""),
        ("foo=bar=baz", ""),
        ("foo=", ""),
        ("foo", ""),
        ("", ""),
        (",".join(f"k{n}=1" for n in range(33)), ""),
    ],
)
def test_lists_are_kept_or_dropped_whole(sent: str, kept: str) -> None:
    """One member that is none drops the list; a key that stands twice keeps the first of them."""
    assert read_trace_state(sent.encode()).to_header() == kept


@given(st.binary(max_size=600))
def test_no_bytes_break_the_reading(header: bytes) -> None:
    """Whatever a client sends is a state, and what is handed on reads the same again."""
    state = read_trace_state(header)

    assert read_trace_state(state.to_header().encode()).to_header() == state.to_header()


def test_whoever_writes_last_stands_first() -> None:
    """A written member moves to the front, and a full list loses its last one to it."""
    full = CarriedState({f"k{n}": "1" for n in range(MOST_MEMBERS)})

    written = full.update("ot", "th:0")

    assert (next(iter(written)), len(written)) == ("ot", MOST_MEMBERS)
    assert f"k{MOST_MEMBERS - 1}" not in written
    assert written.update("bad key", "1") is written
    assert full.add("k0", "2") is full
    assert list(CarriedState({"a": "1"}).add("b", "2")) == ["b", "a"]
    assert next(iter(written.delete("ot"))) == "k0"
    assert isinstance(written, TraceState)
