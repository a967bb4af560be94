"""The walks through the code in docs/architecture.md, and what a real run enters.

A walk is a table whose rows name files in the order in which a run first enters them. A run is
watched by the interpreter's own profile hook, in every thread.
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple

from tests.architecture.floors import ROOT

PAGE = ROOT / "docs" / "architecture.md"
_ROW = re.compile(r"^\| \d+ \| `([\w/]+\.py)` \|", re.MULTILINE)


class Entry(NamedTuple):
    """A file that a run enters.

    Attributes:
        caller: The file of the walk that called, however many other files lie between; None where
            the event loop, or a thread, did.
        file: The file entered, as the page names it.
        function: What was called.
    """

    caller: str | None
    file: str
    function: str


def stations(title: str, page: str | None = None) -> list[str]:
    """Return the files of the walk under a heading of the page, in their order."""
    text = PAGE.read_text() if page is None else page
    section = text.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]
    return _ROW.findall(section)


_WALKED: ContextVar[object] = ContextVar("walked", default=None)


class Watch:
    """Notes each call that enters one of the files; a coroutine that goes on is not entered again.

    Args:
        files: As the page names them, below `monitor/`.
        everywhere: Whether to note every thread and task. Otherwise only those that the block
            itself runs or begins, and what the event loop hands to a file that they have entered:
            a worker polls its outbox all the while.
    """

    def __init__(self, files: Sequence[str], *, everywhere: bool = False) -> None:
        self.entries: list[Entry] = []
        self._everywhere = everywhere
        self._entered: dict[str, int] = {}
        self._names = {str(ROOT / "monitor" / file): file for file in files}
        self._frames: dict[int, FrameType] = {}  # kept, so that no id is given twice

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the block ends, or until `stop` is called."""
        _WALKED.set(self)
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        """Watch no longer, and let go of what the frames hold: transports want to end with their loop."""
        sys.setprofile(None)
        threading.setprofile(None)
        self._frames.clear()

    def _profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event != "call" or frame.f_code.co_filename not in self._names or id(frame) in self._frames:
            return
        file = self._names[frame.f_code.co_filename]
        caller = self._caller(frame)
        if not self._everywhere and _WALKED.get() is not self and not self._comes_back(file, caller):
            return
        self._frames[id(frame)] = frame
        self._entered.setdefault(file, len(self._entered))
        # A comprehension is no call of its own to who reads the code.
        if not frame.f_code.co_name.startswith("<"):
            self.entries.append(Entry(caller, file, frame.f_code.co_qualname))

    def _comes_back(self, file: str, caller: str | None) -> bool:
        # A reply arrives in a callback of the loop, outside of any task; a relay's own trip is another walk.
        if file not in self._entered or _task_runs():
            return False
        return caller is None or self._entered.get(caller, -1) > self._entered[file]

    def _caller(self, frame: FrameType) -> str | None:
        above = frame.f_back
        while above is not None:
            name = self._names.get(above.f_code.co_filename)
            if name is not None:
                return name
            above = above.f_back
        return None


def _task_runs() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:  # a thread without a loop
        return False


def first_entered(entries: Sequence[Entry]) -> list[str]:
    """Return the files in the order in which they were entered first."""
    return list(dict.fromkeys(entry.file for entry in entries))


def entered_again(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that go into a file anew: by another file before it on the walk, a second time.

    What a file calls back along the way it was called, and what the event loop hands to a file that
    is on the way already, is a return; calls in a row, with no other file between them, are one visit.
    """
    order = {file: place for place, file in enumerate(first_entered(entries))}
    seen: set[str] = set()
    again, last = [], None
    for entry in entries:
        if entry.file in (entry.caller, last):
            continue
        last = entry.file
        returns = entry.file in seen and (entry.caller is None or order[entry.caller] > order[entry.file])
        if entry.file in seen and not returns:
            again.append(entry)
        seen.add(entry.file)
    return again
