"""An answer survives storing byte for byte, and its tag belongs to one tenant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.middleware.stored_answer import (
    StoredAnswer,
    content_headers,
    entity_tag,
    head_of,
    matches_any,
    pack,
)

HEADERS = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=50)), max_size=5)


@given(st.integers(100, 599), st.binary(max_size=40), HEADERS, st.binary(max_size=500))
def test_packing_loses_nothing(
    status: int, etag: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Whatever the application answered comes back as it was."""
    value = pack(StoredAnswer(status, etag, headers, body))
    head = head_of(value)

    assert (head.status, head.etag, head.headers, value[head.body_at :]) == (status, etag, headers, body)


@given(st.integers(1, 1000), st.integers(1, 1000), st.binary(max_size=50))
def test_two_tenants_never_share_a_tag(first: int, second: int, body: bytes) -> None:
    """The same bytes under the same path have another tag for another tenant."""
    same = entity_tag(first, "/api/contacts", body) == entity_tag(second, "/api/contacts", body)

    assert same == (first == second)


def test_a_tag_names_its_content() -> None:
    """Another body, or another path, is another tag; equal ones are equal in every process."""
    tag = entity_tag(1, "/api/contacts", b"[]")

    assert tag == entity_tag(1, "/api/contacts", b"[]")
    assert tag != entity_tag(1, "/api/contacts", b"[1]")
    assert tag != entity_tag(1, "/api/appointments", b"[]")
    assert tag.startswith(b'"')
    assert tag.endswith(b'"')


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b'"a"', True),
        (b'W/"a"', True),
        (b'"b", "a"', True),
        (b'"b" ,W/"a"', True),
        (b"*", True),
        (b'"b"', False),
        (b"a", False),
        (b"", False),
    ],
)
def test_if_none_match_is_compared_weakly(header: bytes, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Lists, weak tags and the star match as RFC 9110 says."""
    assert matches_any(header, b'"a"') is expected


def test_an_answer_without_a_tag_is_never_unchanged() -> None:
    """Even the star does not turn an error into a 304."""
    assert not matches_any(b"*", b"")


def test_only_headers_of_the_content_are_stored() -> None:
    """Cookies and request ids belong to one request and must not reach another."""
    headers = [(b"content-type", b"application/json"), (b"set-cookie", b"a=b"), (b"x-request-id", b"1")]

    assert content_headers(headers) == [(b"content-type", b"application/json")]
