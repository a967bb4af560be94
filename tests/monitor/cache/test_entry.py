"""Entries survive their encoding, and nothing else decodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cache.entry import Entry, decode
from monitor.errors import EntryRejected

TIMES = st.floats(0, 1e11)


@given(
    value=st.binary(max_size=2_000),
    created_at=TIMES,
    expires_at=TIMES,
    load_s=st.floats(0, 100, width=32),
    negative=st.booleans(),
)
def test_an_entry_decodes_to_what_was_encoded(
    value: bytes, created_at: float, expires_at: float, load_s: float, *, negative: bool
) -> None:
    """Value, times and flag come back exactly."""
    entry = Entry(value, created_at, expires_at, load_s, negative)

    assert entry == decode(entry.encode())


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x00" * 22, b"\x01" + b"\x00" * 40])
def test_other_versions_and_short_bytes_are_rejected(raw: bytes) -> None:
    """Bytes of another format are no entry."""
    with pytest.raises(EntryRejected) as caught:
        decode(raw)

    assert caught.value.reason == "format"
