"""Bodies and queries become structs, or a problem that names every field that breaks a rule.

A body is first brought to the form in which it is stored, and every rule is checked on that.
msgspec stops at the first fault; where it finds one, the fields are gone through one by one.
Its own messages may quote what was sent, so none of them is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec
from msgspec.inspect import Metadata, UnionType, type_info
from msgspec.structs import FieldInfo

from app.errors import BrokenRule
from app.problems import Invalid, MalformedBody
from app.schemas.fields import HINTS, STORED_AS
from monitor.problems import FieldError

Shape = TypeVar("Shape", bound=msgspec.Struct)

_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`\Z")
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}\Z")
_DATE_TIME = "must be a date and time with a time zone, such as 2025-06-17T09:30:00Z"
_MESSAGES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (r"of length >= 1\Z", "must not be empty"),
        (r"of length >= (\d+)\Z", "must hold at least {0}"),
        (r"of length <= (\d+)\Z", "must hold at most {0}"),
        (r"(?:int|float)(?: \| null)?` >= (\S+)\Z", "must be {0} or more"),
        (r"(?:int|float)(?: \| null)?` <= (\S+)\Z", "must be {0} or less"),
        (r"with a timezone|encoded datetime|Expected `datetime", _DATE_TIME),
        (r"encoded date\Z|Expected `date", "must be a date such as 2025-06-17"),
        (r"Expected `str", "must be a text"),
        (r"Expected `int", "must be a whole number"),
        (r"Expected `float", "must be a number"),
        (r"Expected `bool", "must be true or false"),
        (r"Expected `array", "must be a list"),
        (r"Expected `object", "must be an object"),
    )
)


def decode(data: bytes, shape: type[Shape]) -> Shape:
    """Return the JSON text `data` as a `shape`.

    Raises:
        MalformedBody: It is not JSON in UTF-8.
        Invalid: A field breaks a rule.
    """
    raw = _as_stored(_raw(data), shape)
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as fault:
        raise Invalid(_errors(shape, raw, fault, "/")) from None


def parse_query(pairs: Sequence[tuple[str, str]], shape: type[Shape]) -> Shape:
    """Return a query's parameters as a `shape`.

    Raises:
        Invalid: A parameter is unknown, repeated or breaks a rule.
    """
    if not pairs:
        default: Shape = _unasked(shape)
        return default
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Invalid([FieldError("?", "each parameter may stand once")])
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as fault:
        raise Invalid(_errors(shape, given, fault, "?")) from None


@cache
def _unasked(shape: type[Shape]) -> Any:
    # Most lists are asked for without a parameter, and on the way to every hit.
    return shape()


def _raw(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedBody("The body must be JSON in UTF-8.") from None


def _as_stored(raw: Any, shape: type[msgspec.Struct]) -> Any:
    if not isinstance(raw, dict):
        return raw
    changed = {name: form(raw[name]) for name, form in _forms(shape) if isinstance(raw.get(name), str)}
    return {**raw, **changed}


@cache
def _forms(shape: type[msgspec.Struct]) -> tuple[tuple[str, Callable[[str], Any]], ...]:
    found = ((field.encode_name, _form_of(type_info(field.type))) for field in msgspec.structs.fields(shape))
    return tuple((name, form) for name, form in found if form is not None)


def _form_of(kind: Any) -> Callable[[str], Any] | None:
    if isinstance(kind, UnionType):
        return next((form for form in map(_form_of, kind.types) if form is not None), None)
    return (kind.extra or {}).get(STORED_AS) if isinstance(kind, Metadata) else None


def _errors(shape: type[msgspec.Struct], raw: Any, fault: Exception, lead: str) -> list[FieldError]:
    if not isinstance(raw, dict):
        return [FieldError("", "must be an object")]
    fields = msgspec.structs.fields(shape)
    errors = [*_of_fields(fields, raw, lead), *_unknown(fields, raw, lead)]
    return errors or [_of_the_whole(fields, fault, lead)]


def _of_fields(fields: Sequence[FieldInfo], raw: dict[str, Any], lead: str) -> Iterator[FieldError]:
    for field in fields:
        name = field.encode_name
        if name not in raw:
            if field.required:
                yield FieldError(lead + name, "is required")
            continue
        try:
            msgspec.convert(raw[name], field.type, strict=lead != "?")
        except msgspec.ValidationError as fault:
            message, inner = _split(str(fault))
            yield FieldError(lead + name + inner, _in_words(message, field.type))


def _unknown(fields: Sequence[FieldInfo], raw: dict[str, Any], lead: str) -> Iterator[FieldError]:
    known = {field.encode_name for field in fields}
    for name in raw:
        if name not in known:
            yield FieldError(lead + (name if _PLAIN_NAME.match(name) else ""), "is not a field here")


def _of_the_whole(fields: Sequence[FieldInfo], fault: Exception, lead: str) -> FieldError:
    cause = fault.__cause__
    if isinstance(cause, BrokenRule):
        told = {field.name: field.encode_name for field in fields}
        return FieldError(lead + told[cause.field], cause.message)
    return FieldError("", "is not valid")


def _split(message: str) -> tuple[str, str]:
    found = _PATH.search(message)
    if found is None:
        return message, ""
    steps = "".join(f"/{name or index}" for name, index in _STEP.findall(found["path"]))
    return message[: found.start()], steps


def _in_words(message: str, kind: Any) -> str:
    if message.startswith("Invalid enum value"):
        return f"must be one of {', '.join(_choices(kind))}"
    for pattern, hint in HINTS.items():
        if message.endswith(f"matching regex {pattern!r}"):
            return hint
    for expression, words in _MESSAGES:
        found = expression.search(message)
        if found is not None:
            return words.format(*found.groups())
    return "is not valid"


def _choices(kind: Any) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)
    for inner in get_args(kind):
        yield from _choices(inner)
