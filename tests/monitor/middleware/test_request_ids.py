"""Which headers name their request."""

from __future__ import annotations

import pytest

from monitor.middleware.request_ids import is_of_one_request

ID = b"0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((b"x-request-id", b"7"), True),
        ((b"server-timing", b"db;dur=5"), True),
        ((b"x-anything", b"00-" + ID + b"-01"), True),
        ((b"x-anything", b"else"), False),
        ((b"content-type", b"text/plain"), False),
    ],
)
def test_a_header_names_its_request_by_name_or_by_trace_id(
    header: tuple[bytes, bytes],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Known names, and whatever holds the id of the request's trace."""
    assert is_of_one_request(header, ID) is expected


def test_without_a_trace_only_names_count() -> None:
    """An empty id is in every value, and must not match any."""
    assert not is_of_one_request((b"x-anything", b"value"), b"")
