"""Words as rows hold them."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from app.errors import DamagedRow

Word = TypeVar("Word", bound=StrEnum)


def word_of(kind: type[Word], stored: str) -> Word:
    """Return the member of `kind` that a row names.

    Raises:
        DamagedRow: It names none; Python's own error would print what stands there.
    """
    try:
        return kind(stored)
    except ValueError:
        raise DamagedRow(kind.__name__) from None
