"""A range names bytes of a body, or the whole is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.middleware.byte_range import asked_range


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 40))
def test_a_range_is_cut_as_python_cuts(first: int, more: int, length: int) -> None:
    """Both forms give exactly the bytes that are there."""
    body = bytes(range(length))
    closed = asked_range(b"bytes=%d-%d" % (first, first + more), length)
    last = asked_range(b"bytes=-%d" % more, length)

    assert closed is not None
    assert last is not None
    assert body[closed.first : closed.end] == body[first : first + more + 1]
    assert body[last.first : last.end] == body[max(0, length - more) :]
    assert closed.satisfiable is (first < length)
    assert last.satisfiable is (min(more, length) > 0)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"bytes",
        b"bytes=",
        b"bytes=-",
        b"bytes=3-1",
        b"bytes=0-1,2-3",
        b"rows=1-2",
        b"bytes=" + b"9" * 99 + b"-",
    ],
)
def test_what_is_no_single_range_is_none(header: bytes) -> None:
    """The whole is a right answer to every `Range` (RFC 9110, 14.2)."""
    assert asked_range(header, 10) is None
