"""A caller's trace state, read and handed on as W3C Trace Context level 2 says.

OpenTelemetry's own class knows level 1 alone: it drops keys that begin with a digit or hold
more than one `@`, keys of 242 to 256 characters with one, and the whole list for a key that
stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from opentelemetry.trace import TraceState

MOST_MEMBERS = 32
_MEMBER = re.compile(
    r"([a-z0-9][_0-9a-z\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)
_NOTHING = TraceState()


class CarriedState(TraceState):
    """Members in their order, the last writer's first.

    Args:
        members: Keys and values of a valid list.
    """

    def __init__(self, members: Mapping[str, str]) -> None:
        super().__init__()
        self._members = dict(members)

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __getitem__(self, key: str) -> str:
        return self._members[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def add(self, key: str, value: str) -> TraceState:
        """Return the state with a new member in front; unchanged where the key is there."""
        return self if key in self._members else self.update(key, value)

    def update(self, key: str, value: str) -> TraceState:
        """Return the state with the member in front, where whoever wrote last stands.

        A list that is full loses its last member (level 2, 3.3.1.1).
        """
        if _MEMBER.fullmatch(f"{key}={value}") is None:
            return self
        others = {name: its for name, its in self._members.items() if name != key}
        while len(others) >= MOST_MEMBERS:
            others.popitem()
        return CarriedState({key: value, **others})

    def delete(self, key: str) -> TraceState:
        """Return the state without the member."""
        return CarriedState({name: its for name, its in self._members.items() if name != key})

    def to_header(self) -> str:
        """Return the list as a header's value."""
        return ",".join(f"{key}={value}" for key, value in self._members.items())


def read_trace_state(header: bytes) -> TraceState:
    """Return the state of a `tracestate` list; an empty one where the list is not valid.

    Of a key that stands twice the first counts: it was written last.
    """
    members: dict[str, str] = {}
    for part in header.decode("latin-1").split(","):
        text = part.strip(" \t")
        if not text:
            continue
        member = _MEMBER.fullmatch(text)
        if member is None:
            return _NOTHING
        members.setdefault(member[1], member[2])
    return CarriedState(members) if 0 < len(members) <= MOST_MEMBERS else _NOTHING
