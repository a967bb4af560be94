"""`Cache-Control`, `Expires`, `Age` and HTTP dates as an answer's cache must read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

HeaderLines = Iterable[tuple[bytes, bytes]]

_MOST_S = 2**31  # RFC 9111, 1.2.2: what is longer counts as this
_DIRECTIVE = re.compile(
    r"""(?P<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)
        (?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s,;"]*)))?
        (?P<rest>[^,"]*(?:"(?:[^"\\]|\\.)*"[^,"]*)*)""",
    re.VERBOSE,
)
_SECONDS = re.compile(r"[0-9]+\Z")
_AGE = re.compile(rb"\s*([0-9]+)\s*(?:[,;].*)?\Z", re.DOTALL)
# RFC 9110, 5.6.7: the preferred form and the two obsolete ones.
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def values(headers: HeaderLines, name: bytes) -> list[bytes]:
    """Return the values of all lines of a header; names are in lower case."""
    return [value for known, value in headers if known == name]


def directives(headers: HeaderLines) -> Mapping[str, str | None]:
    """Read `Cache-Control`: directives in lower case with their arguments, from all of its lines.

    What stands in a quoted string is no directive. Of a directive that comes twice the stricter
    counts: the one without an argument, else the least (RFC 9111, 4.2.1).
    """
    found: dict[str, str | None] = {}
    lines = b", ".join(values(headers, b"cache-control")).decode("latin-1")
    for match in _DIRECTIVE.finditer(lines):
        name = match["name"].lower()
        argument = match["token"] if match["quoted"] is None else match["quoted"]
        if match["rest"].strip():
            argument = ""  # something else follows it: whatever was meant is not understood
        if name not in found or _seconds(argument) < _seconds(found[name]):
            found[name] = argument
    return found


def lifetime_s(said: Mapping[str, str | None], headers: HeaderLines, now: float) -> float | None:
    """Return how long an answer says that it is fresh, from its making; None: it says nothing.

    `s-maxage` counts before `max-age`, and that before `Expires` (RFC 9111, 4.2.1). What cannot
    be understood means: no longer.

    Args:
        said: Its directives.
        headers: Its headers, names in lower case.
        now: Seconds since the epoch, where it has no `Date`.
    """
    for name in ("s-maxage", "max-age"):
        if name in said:
            return _seconds(said[name])
    headers = tuple(headers)
    expires = values(headers, b"expires")
    if not expires:
        return None
    end = http_date(expires[0])
    if end is None or len(set(expires)) > 1:
        return 0.0
    made = http_date(next(iter(values(headers, b"date")), b""))
    return max(0.0, end - (now if made is None else made))


def age_s(headers: HeaderLines) -> int:
    """Return how old an answer says that it is, in seconds; what is no number counts as 0."""
    match = _AGE.match(b", ".join(values(headers, b"age")))
    return min(int(match[1][:12]), _MOST_S) if match else 0


def http_date(value: bytes) -> float | None:
    """Return an HTTP date (RFC 9110, 5.6.7) in seconds since the epoch; None: it is none."""
    text = value.decode("latin-1").strip()
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _seconds(argument: str | None) -> float:
    # Two forms are one (RFC 9111, 5.2); a negative, fractional or missing number is stale at once.
    if argument is None or not _SECONDS.match(argument):
        return 0.0
    return float(min(int(argument[:12]), _MOST_S))
