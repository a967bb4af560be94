"""Text search in folded columns, see `app.folding`."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from app.folding import digits_of

_PHONE_LIKE = re.compile(r"[0-9 ()+./-]+\Z")
_FEWEST_DIGITS = 3


def found_in(column: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    """Return the condition that `column` holds the folded text `wanted`; wildcards stand for themselves."""
    conditions = [column.contains(wanted, autoescape=True)]
    digits = digits_of(wanted)
    if _PHONE_LIKE.match(wanted) and len(digits) >= _FEWEST_DIGITS:
        conditions.append(column.contains(digits, autoescape=True))
    return sa.or_(*conditions)
