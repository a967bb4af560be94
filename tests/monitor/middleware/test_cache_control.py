"""`Cache-Control` is read as the grammar has it, whatever a handler writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.middleware.cache_control import age_s, directives, http_date, lifetime_s

TOKENS = st.from_regex(r"[a-z][a-z0-9-]{0,11}", fullmatch=True)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], {}),
        ([b"no-store"], {"no-store": None}),
        ([b"Private, MAX-AGE=5"], {"private": None, "max-age": "5"}),
        ([b"private", b"max-age=5"], {"private": None, "max-age": "5"}),
        ([b'private="set-cookie, x-a", max-age=5'], {"private": "set-cookie, x-a", "max-age": "5"}),
        ([b'x="no-store, \\" private"'], {"x": 'no-store, \\" private'}),
        ([b"max-age=5, max-age=3"], {"max-age": "3"}),
        ([b"max-age=5, max-age"], {"max-age": None}),
        ([b",,no-cache , ,"], {"no-cache": None}),
    ],
)
def test_directives_are_read_from_all_lines(lines: list[bytes], expected: dict[str, str | None]) -> None:
    """In lower case, with their arguments; quoted text is an argument, and the stricter of two counts."""
    assert directives([(b"cache-control", line) for line in lines]) == expected


@given(st.dictionaries(TOKENS, st.none() | st.integers(0, 10**6), min_size=1, max_size=6))
def test_what_is_written_is_read(written: dict[str, int | None]) -> None:
    """Any set of directives comes back, on one line or on many, quoted or not."""
    plain = [name if number is None else f"{name}={number}" for name, number in written.items()]
    quoted = [name if number is None else f'{name.upper()}="{number}"' for name, number in written.items()]
    expected = {name: None if number is None else str(number) for name, number in written.items()}

    assert directives([(b"cache-control", ", ".join(plain).encode())]) == expected
    assert directives([(b"cache-control", one.encode()) for one in quoted]) == expected


@given(st.binary(max_size=80))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    """A handler may write anything; a number that is read is one that may be used."""
    headers = [(b"cache-control", line), (b"age", line), (b"expires", line)]
    lifetime = lifetime_s(directives(headers), headers, 0.0)

    assert lifetime is None or lifetime >= 0
    assert 0 <= age_s(headers) <= 2**31


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777.0),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777.0),
        (b"Sun Nov  6 08:49:37 1994", 784_111_777.0),
        (b"Sun, 06 Nov 1994 08:49:37 +0000", None),
        (b"06 Nov 1994", None),
        (b"0", None),
        (b"", None),
    ],
)
def test_dates_have_three_forms(value: bytes, seconds: float | None) -> None:
    """Those of RFC 9110, 5.6.7, and no others."""
    assert http_date(value) == seconds
