"""A caller's baggage is read as W3C's recommendation says."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tracing.baggage import MOST_BYTES, MOST_MEMBERS, read_baggage

TOKEN = "!#$%&'*+-.^_`|~09azAZ"


@pytest.mark.parametrize(
    ("header", "entries"),
    [
        (b"at=2026-03-29T09:00:00+02:00", {"at": "2026-03-29T09:00:00+02:00"}),
        (b"ward=north%20wing,sum=1%2B1", {"ward": "north wing", "sum": "1+1"}),
        (b"tier=gold;ttl=30;sealed , region = eu ;a=b", {"tier": "gold", "region": "eu"}),
        (b"note=,tier=gold", {"note": "", "tier": "gold"}),
        (b"sum=a=b", {"sum": "a=b"}),
        (b"name=M%C3%BCller", {"name": "M\u00fcller"}),
        (b"name=M%FCller", {"name": "M\ufffdller"}),
        (b"half=50%", {"half": "50%"}),
        (b"a%20b=1", {"a%20b": "1"}),
        (b"tier=silver,tier=gold", {"tier": "gold"}),
    ],
)
def test_values_are_percent_decoded_and_nothing_else(header: bytes, entries: dict[str, str]) -> None:
    """A plus is a plus, properties are no part of a value, an empty value is one, a key is as written."""
    assert read_baggage(header) == entries


@pytest.mark.parametrize(
    "member",
    [b"", b"tier", b"=gold", b"a b=1", b'quoted="x"', b"space=a b", b"m\xfc=1", b"back=a\\b", b"tier\x00=1"],
)
def test_a_member_outside_the_grammar_is_left_out(member: bytes) -> None:
    """One broken member costs no other."""
    assert read_baggage(b"before=1," + member + b",after=2") == {"before": "1", "after": "2"}


@given(st.dictionaries(st.text(TOKEN, min_size=1, max_size=9), st.text(max_size=9), max_size=9))
def test_what_was_percent_encoded_is_read_as_it_was_set(entries: dict[str, str]) -> None:
    """Any text survives the way that the recommendation describes."""
    encodable = {key: value.encode("utf-8", "replace").decode() for key, value in entries.items()}
    header = ",".join(f"{key}={urllib.parse.quote(value, safe='')}" for key, value in encodable.items())

    assert read_baggage(header.encode()) == encodable


def test_a_list_is_read_up_to_its_limits() -> None:
    """A list that is too long counts as none, and of too many members the first count."""
    many = b",".join(b"k%d=v" % number for number in range(MOST_MEMBERS + 20))

    assert read_baggage(b"k=" + b"v" * (MOST_BYTES - 2)) == {"k": "v" * (MOST_BYTES - 2)}
    assert read_baggage(b"k=" + b"v" * (MOST_BYTES - 1)) == {}
    assert list(read_baggage(many)) == [f"k{number}" for number in range(MOST_MEMBERS)]
