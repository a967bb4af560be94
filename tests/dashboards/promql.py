"""As much of PromQL's grammar as the tests need: the selectors of a query, and what is around them."""

from __future__ import annotations

import re
from typing import NamedTuple

_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<other>\S)")
_KEYWORDS = {
    "and", "or", "unless", "on", "ignoring", "by", "without", "group_left", "group_right", "bool", "offset",
}  # fmt: skip
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")


class Selector(NamedTuple):
    """One selector of a query.

    Attributes:
        name: The metric.
        labels: Labels that it matches on.
        matchers: The matchers as written.
        ranged: The range behind it, such as `5m`; empty for an instant selector.
        function: The function that takes it directly, such as `rate`; empty without one.
    """

    name: str
    labels: frozenset[str]
    matchers: str
    ranged: str
    function: str


def selectors(expr: str) -> list[Selector]:
    """Return the selectors of a query in order."""
    bare = _GROUPING.sub(lambda match: " " * len(match[0]), _blanked(expr))
    found = []
    for match in re.finditer(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare):
        name, after = match[0], bare[match.end() :].lstrip()
        inside_matchers = bare[: match.start()].count("{") > bare[: match.start()].count("}")
        inside_range = bare[: match.start()].count("[") > bare[: match.start()].count("]")
        if name in _KEYWORDS or after.startswith("(") or inside_matchers or inside_range:
            continue
        if re.match(r"[\d@$]", expr[match.start() - 1 : match.start()] or " "):
            continue
        found.append(_selector(expr, bare, match.start(), match.end()))
    return found


def _selector(expr: str, bare: str, start: int, end: int) -> Selector:
    matchers = ""
    if bare[end : end + 1] == "{":
        close = bare.index("}", end)
        matchers, after = expr[end + 1 : close], close + 1
    else:
        after = end
    ranged = re.match(r"\[([^\]:]*)\]", expr[after:])
    caller = re.search(r"([a-z_]+)\($", bare[:start])
    return Selector(
        name=bare[start:end],
        labels=frozenset(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(_STRING, '""', matchers))),
        matchers=matchers,
        ranged=ranged[1] if ranged else "",
        function=caller[1] if caller else "",
    )


def _blanked(expr: str) -> str:
    """Blank out strings, so that nothing inside them is read."""
    return re.sub(_STRING, lambda match: '"' + " " * (len(match[0]) - 2) + '"', expr)


def grouped_by(expr: str) -> set[str]:
    """Return every label that a query groups or matches by."""
    return {
        label.strip()
        for match in _GROUPING.finditer(_blanked(expr))
        for label in match[1].split(",")
        if label.strip()
    }
