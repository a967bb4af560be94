"""Entity tags and how they are compared: weakly for reads, strongly for writes (RFC 9110, 8.8.3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TAG = re.compile(rb'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|\Z)')
_ANY = b"*"


def matches_weakly(header: bytes, tag: bytes) -> bool:
    """Say whether an `If-None-Match` value names `tag`; a gateway's `W/` before either changes nothing.

    Args:
        header: All lines of the header, joined by commas.
        tag: The answer's; empty for one that has none, which is never named.
    """
    if not tag:
        return False
    opaque = tag.removeprefix(b"W/")
    return header.strip() == _ANY or any(opaque == named.removeprefix(b"W/") for named in _listed(header))


def matches_strongly(header: bytes, tag: bytes) -> bool:
    """Say whether an `If-Match` value names `tag`: equal and both strong (RFC 9110, 13.1.1).

    A weak tag says that two contents serve the same, not that they are the same: it can never
    prove what a client has read. A gateway that compresses makes tags weak; see
    `docs/cached-routes.md` for what to set.
    """
    if not tag:
        return False
    return header.strip() == _ANY or (not tag.startswith(b"W/") and tag in _listed(header))


def _listed(header: bytes) -> Iterator[bytes]:
    # A comma may stand inside a tag, so the list is read tag by tag; it ends at what is none.
    at = 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            return
        yield match[1]
        at = match.end()
