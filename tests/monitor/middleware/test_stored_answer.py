"""An answer survives storing byte for byte, and its tag belongs to one tenant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.middleware.stored_answer import (
    StoredAnswer,
    entity_tag,
    head_of,
    pack,
    same_content,
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


def test_what_is_told_of_one_request_does_not_change_the_content() -> None:
    """A date, an id or an age may differ each time; type, tag and body may not."""
    answer = StoredAnswer(200, b'"a"', [(b"content-type", b"text/plain"), (b"date", b"now")], b"body")
    later = answer._replace(headers=[(b"content-type", b"text/plain"), (b"date", b"later")], age_s=7)

    assert same_content(pack(answer), pack(later))
    for other in (
        answer._replace(body=b"else"),
        answer._replace(status=404),
        answer._replace(etag=b'"b"'),
        answer._replace(headers=[(b"content-type", b"text/html")]),
    ):
        assert not same_content(pack(answer), pack(other))


def test_what_is_no_answer_is_compared_as_it_is() -> None:
    """A service may store values of its own beside its answers."""
    assert same_content(b"1", b"1")
    assert not same_content(b"1", b"2")
    assert not same_content(b"a longer note", pack(StoredAnswer(200, b"", [], b"")))
