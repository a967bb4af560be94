"""Tags are compared weakly for reads and strongly for writes (RFC 9110, 8.8.3.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.middleware.entity_tags import matches_strongly, matches_weakly

OPAQUE = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=12)


@pytest.mark.parametrize(
    ("header", "tag", "weakly", "strongly"),
    [
        (b'"a"', b'"a"', True, True),
        (b'W/"a"', b'"a"', True, False),
        (b'"a"', b'W/"a"', True, False),
        (b'W/"a"', b'W/"a"', True, False),
        (b'"b", "a"', b'"a"', True, True),
        (b'"b" ,W/"a"', b'"a"', True, False),
        (b'"a,b"', b'"a,b"', True, True),
        (b'"a,b"', b'"b"', False, False),
        (b"*", b'"a"', True, True),
        (b" * ", b'W/"a"', True, True),
        (b'"b"', b'"a"', False, False),
        (b'w/"a"', b'"a"', False, False),
        (b"a", b'"a"', False, False),
        (b'x, "a"', b'"a"', False, False),
        (b"", b'"a"', False, False),
        (b'"a"', b"", False, False),
        (b"*", b"", False, False),
    ],
)
def test_the_table_of_comparisons(header: bytes, tag: bytes, weakly: bool, strongly: bool) -> None:  # noqa: FBT001 - a table's columns
    """Weak tags never match strongly, and an answer without a tag matches nothing."""
    assert (matches_weakly(header, tag), matches_strongly(header, tag)) == (weakly, strongly)


@given(st.lists(st.tuples(st.booleans(), OPAQUE), min_size=1, max_size=5), st.data())
def test_every_tag_of_a_list_is_found(listed: list[tuple[bool, str]], data: st.DataObject) -> None:
    """Whatever stands in a tag, commas too, and wherever it stands in the list."""
    header = ", ".join(f'{"W/" * weak}"{opaque}"' for weak, opaque in listed).encode()
    _, opaque = data.draw(st.sampled_from(listed))
    tag = f'"{opaque}"'.encode()

    assert matches_weakly(header, tag)
    assert matches_strongly(header, tag) is any(not w and o == opaque for w, o in listed)
