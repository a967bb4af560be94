"""A caller's baggage, read as W3C Baggage says.

OpenTelemetry's own reader decodes as HTML forms do, which makes a space of a plus sign, and takes a
member's properties for a part of its value (findings/baggage-plus.sh, findings/baggage-properties.sh).
"""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import unquote

# OpenTelemetry's limits, above what the recommendation asks to be passed on (64 members, 8,192 bytes).
MOST_MEMBERS, MOST_BYTES = 180, 8192
_KEY, _VALUE = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_MEMBER = re.compile(rf"[ \t]*({_KEY})[ \t]*=[ \t]*({_VALUE})[ \t]*(?:;.*)?")


def read_baggage(header: bytes) -> dict[str, str]:
    """Return the values of a `baggage` list by key, decoded and without their properties.

    A member outside the grammar is left out, and of a key that stands twice the last value counts.

    Args:
        header: The field's value; one of more than `MOST_BYTES` counts as empty.
    """
    if len(header) > MOST_BYTES:
        return {}
    found = map(_MEMBER.fullmatch, header.decode("latin-1").split(","))
    members = islice(filter(None, found), MOST_MEMBERS)
    return {member[1]: unquote(member[2]) for member in members}
