"""Values as a line can hold them, whatever they are and whatever their own methods do."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, Final

Plain = str | int | float | bool | None

_LONGEST: Final = 512
_TEXT: Callable[[Any], str] = str.__str__  # of the base class, whatever a subclass made of it
_WIDEST: Final = 1 << 63


def plain(value: object) -> tuple[Plain, bool]:
    """Return what a line says of a value, and whether that is the value as it was.

    Text is cut to 512 characters. What JSON cannot say, and whatever is no plain value, is told by
    the name of its type; no method of the value is called, for it may raise, or tell a patient's name.
    """
    kind = type(value)
    if value is None or value is True or value is False:
        return value, True
    if issubclass(kind, str):
        return written(_TEXT(value))
    if issubclass(kind, int):
        number = int.__int__(value)  # type: ignore[arg-type]
        return (number, True) if -_WIDEST <= number < _WIDEST else ("int", False)
    if issubclass(kind, float):
        real = float.__float__(value)  # type: ignore[arg-type]
        return (real, True) if isfinite(real) else ("float", False)
    return name_of(kind), False


def name_of(kind: type) -> str:
    """Return the name of a type, also of one whose metaclass hides it."""
    name: str = type.__dict__["__qualname__"].__get__(kind)
    return written(name)[0]


def written(text: str) -> tuple[str, bool]:
    """Return a text of at most 512 characters that UTF-8 holds, and whether nothing had to be escaped."""
    short = text[:_LONGEST]
    try:
        short.encode()
    except UnicodeEncodeError:
        # A lone surrogate, as `os.fsdecode` and JSON bodies bring them: escaped, so that it can be read.
        return short.encode("utf-8", "backslashreplace").decode(), False
    return short, True
