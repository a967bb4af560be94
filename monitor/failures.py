"""What may be told of an exception: classes and frames, never a message, which quotes data.

Causes, contexts and the members of groups are told as well, within bounds: a group can hold
thousands, and a chain can bite its own tail.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from traceback import walk_tb
from typing import Final

from monitor.errors import ConfigurationError
from monitor.plain_values import name_of, written

_DEEPEST: Final = 20  # frames of the exception itself
_FEW: Final = 3  # frames of each that stands behind it
_LONGEST: Final = 512
_MOST: Final = 16  # that stand behind it


def class_of(failure: BaseException) -> str:
    """Return the name of an exception's class."""
    return name_of(type(failure))


def frames_of(failure: BaseException, most: int = _DEEPEST) -> list[str]:
    """Return file, line and function of its innermost frames, the innermost last."""
    frames = deque(walk_tb(failure.__traceback__), most)
    places = (f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in frames)
    return [written(place)[0] for place in places]


def behind(failure: BaseException) -> list[str]:
    """Return a line for each exception that stands behind one: what it is to it, its class, its frames.

    The way to an exception is told by numbers: `member 2 cause` is the cause of the second member.
    """
    told: list[str] = []
    for way, one in _walk(failure):
        if len(told) == _MOST:
            return [*told, "and more"]
        told.append(" ".join((f"{way}:", class_of(one), *_at(one))))
    return told


def mark_told(failure: BaseException) -> None:
    """Note that the kit has told of an exception, which a server is about to tell as well."""
    with suppress(AttributeError, TypeError):
        failure._told_by_monitor = True  # type: ignore[attr-defined] # noqa: SLF001 - there is no other place that goes with it


def was_told(failure: object) -> bool:
    """Say whether the kit has told of an exception."""
    return isinstance(failure, BaseException) and "_told_by_monitor" in getattr(failure, "__dict__", ())


def of_failure(failure: BaseException) -> dict[str, str | list[str]]:
    """Return the fields of a log line that tell of an exception."""
    told: dict[str, str | list[str]] = {"exception": class_of(failure), "stack": frames_of(failure)}
    if isinstance(failure, ConfigurationError):
        told["problem"] = str(failure)[:_LONGEST]  # the code's own words, for whoever has to act on them
    causes = behind(failure)
    return {**told, "causes": causes} if causes else told


def report(failure: BaseException) -> str:
    """Return class, frames and what stands behind as one text, for a span's attribute."""
    return "\n".join((class_of(failure), *reversed(frames_of(failure)), *behind(failure)))


def _at(failure: BaseException) -> Iterator[str]:
    frames = frames_of(failure, _FEW)
    if frames:
        yield "at " + " < ".join(reversed(frames))


def _walk(failure: BaseException) -> Iterator[tuple[str, BaseException]]:
    # Breadth first, so that a bound that is reached has shown what stands nearest.
    seen, waiting = {id(failure)}, deque([("", failure)])
    while waiting:
        way, one = waiting.popleft()
        for word, other in _next(one):
            if id(other) not in seen:
                seen.add(id(other))
                further = f"{way} {word}".strip()
                waiting.append((further, other))
                yield further, other


def _next(failure: BaseException) -> Iterator[tuple[str, BaseException]]:
    if isinstance(failure, BaseExceptionGroup):
        for number, member in enumerate(failure.exceptions[:_MOST], 1):
            yield f"member {number}", member
    if failure.__cause__ is not None:
        yield "cause", failure.__cause__
    elif failure.__context__ is not None and not failure.__suppress_context__:
        yield "context", failure.__context__
