"""Which format and coding of a scrape the reader wants (RFC 9110, 12.4 and 12.5).

prometheus-client reads neither weights nor the refusal that a weight of nought is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

_OPENMETRICS = "application/openmetrics-text"
_VERSIONS = ("1.0.0", "0.0.1")  # what this exposition is, and what readers of it called it before
_TEXT = "text/plain"
_TEXT_VERSION = "0.0.4"


class Choice(NamedTuple):
    """One element of an `Accept` or `Accept-Encoding` list.

    Attributes:
        name: Media range or coding, in lower case.
        weight: Between 0, which refuses, and 1.
        parameters: The others, by lower-case name.
    """

    name: str
    weight: float
    parameters: Mapping[str, str]


def choices(header: str) -> Iterator[Choice]:
    """Read a list with weights; an element whose weight cannot be read is left out."""
    for element in header.split(","):
        name, *rest = (part.strip() for part in element.split(";"))
        parameters = {}
        for part in rest:
            key, _, value = part.partition("=")
            parameters[key.strip().lower()] = value.strip().strip('"')
        weight = _weight(parameters.pop("q", "1"))
        if name and weight is not None:
            yield Choice(name.lower(), weight, parameters)


def wants_openmetrics(accept: str) -> bool:
    """Say whether the reader prefers OpenMetrics 1.0 to the text format.

    Of equal weights the first one counts, as Prometheus orders its list; a reader that names
    neither, or refuses both, gets the text that every reader knows.
    """
    asked = list(choices(accept))
    openmetrics = _best(asked, _OPENMETRICS, _VERSIONS)
    text = _best(asked, _TEXT, (_TEXT_VERSION,))
    if openmetrics is None:
        return False
    return text is None or openmetrics > text


def wants_gzip(accept_encoding: str) -> bool:
    """Say whether the reader takes gzip; `*` takes it unless it is refused by name."""
    weights = {choice.name: choice.weight for choice in choices(accept_encoding)}
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _best(asked: list[Choice], name: str, versions: tuple[str, ...]) -> tuple[float, int] | None:
    """Return weight and place of what names the format itself; None where nothing does, or refuses it."""
    found = [
        (choice.weight, -at)
        for at, choice in enumerate(asked)
        if choice.name == name and choice.parameters.get("version", versions[0]) in versions
    ]
    best = max(found, default=None)
    return None if best is None or best[0] == 0 else best


def _weight(text: str) -> float | None:
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if 0 <= weight <= 1 else None
