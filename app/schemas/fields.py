r"""The kinds of field that the schemas share, with their limits and the form they are stored in.

A kind may name a `stored_as`: `app.schemas.validation` brings what was sent to that form first and
checks every limit on the result, once. Each form is its own form, so what is stored is always taken
again. Patterns are read alike by Python and ECMAScript: `(?![\s\S])` is the end of the text,
since Python's `$` also matches before a last newline.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from app.errors import BrokenRule

STORED_AS = "stored_as"

_END = r"(?![\s\S])"
_LINE = r"^(?![\s\S]*[\x00-\x1f\x7f])\s*\S"
_OPTIONAL_LINE = r"^(?![\s\S]*[\x00-\x1f\x7f])"
_PROSE = r"^(?![\s\S]*[\x00-\x08\x0b\x0c\x0e-\x1f\x7f])"
_EMAIL = rf"^[^@\s\x00-\x1f\x7f]{{1,64}}@[^@\s.\x00-\x1f\x7f]+(\.[^@\s.\x00-\x1f\x7f]+)+{_END}"
_PHONE = rf"^\+?[0-9][0-9 ()./-]{{3,30}}{_END}"
_LANGUAGE = rf"^[a-z]{{2,3}}(-[A-Z][a-z]{{3}})?(-[A-Z]{{2}})?{_END}"
_TIME_OF_DAY = rf"^([01][0-9]|2[0-3]):[0-5][0-9]{_END}"

# What each pattern asks for, in words; a regular expression explains nothing to a user.
HINTS = {
    _LINE: "must hold a visible character and no control character",
    _OPTIONAL_LINE: "must hold no control character",
    _PROSE: "must hold no control character but tabs and line breaks",
    _EMAIL: "must be an e-mail address",
    _PHONE: "must be a telephone number: digits, spaces, + ( ) . / -",
    _LANGUAGE: "must be a language tag such as en or pt-BR",
    _TIME_OF_DAY: "must be a time of day such as 08:30",
}

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_AWARE = Annotated[datetime, Meta(tz=True)]


def require_plausible(field: str, value: date | None) -> None:
    """Check that a date or time lies where every calendar and database can count.

    Raises:
        BrokenRule: It lies outside 1900 to 2199.
    """
    if value is not None and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise BrokenRule(field, f"must lie between {_FIRST_YEAR} and {_LAST_YEAR}")


def require_time_zone(field: str, name: str) -> None:
    """Check that `name` is an IANA time zone this machine knows.

    Raises:
        BrokenRule: It is not.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BrokenRule(field, "must be an IANA time zone such as Europe/Lisbon") from None


def utc(moment: datetime) -> datetime:
    """Return the same moment in UTC, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0)


def composed(text: str) -> str:
    """Return `text` in Unicode's composed form (NFC), in which what looks alike is equal."""
    return unicodedata.normalize("NFC", text)


def trimmed(text: str) -> str:
    """Return `text` composed, without white space at its ends; white space alone is left to the rules."""
    return composed(text).strip() or text


def lowered(text: str) -> str:
    """Return `text` composed and in lower case, in which it is unique whatever the collation."""
    return composed(composed(text).lower())


def moment_of(text: str) -> datetime | str:
    """Return the moment that `text` names, in UTC and to the second.

    What names none comes back as it is, and what UTC cannot count in its own zone: the rules name the fault.
    """
    try:
        moment: datetime = msgspec.convert(text, _AWARE)
    except msgspec.ValidationError:
        return text
    try:
        return utc(moment)
    except OverflowError:
        return moment


def _stored_as(form: Any) -> dict[str, Any]:
    return {STORED_AS: form}


Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=_LINE, extra=_stored_as(trimmed))]
Line = Annotated[str, Meta(max_length=200, pattern=_OPTIONAL_LINE, extra=_stored_as(composed))]
SearchText = Annotated[str, Meta(max_length=100, pattern=_OPTIONAL_LINE)]
Prose = Annotated[str, Meta(max_length=20_000, pattern=_PROSE, extra=_stored_as(composed))]
Email = Annotated[
    str, Meta(max_length=254, pattern=_EMAIL, extra=_stored_as(lowered), examples=["ana.reis@example.org"])
]
# An address to show, as the clinic writes it; nothing asks whether it is unique.
ShownEmail = Annotated[
    str, Meta(max_length=254, pattern=_EMAIL, extra=_stored_as(composed), examples=["desk@example.org"])
]
Phone = Annotated[str, Meta(max_length=32, pattern=_PHONE, examples=["+351 210 000 000"])]
Language = Annotated[str, Meta(max_length=12, pattern=_LANGUAGE, examples=["en", "pt-BR"])]
TimeZone = Annotated[str, Meta(max_length=64, description="An IANA time zone.", examples=["Europe/Lisbon"])]
TimeOfDay = Annotated[str, Meta(pattern=_TIME_OF_DAY, examples=["08:30"])]
Moment = Annotated[datetime, Meta(tz=True, extra=_stored_as(moment_of))]
