"""The environment variables of the service: name, default, meaning and how each is read.

`.env.example` and the configuration's checks are made from this table.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.errors import ConfigurationError
from monitor.networks import Networks
from monitor.path_prefix import prefix_of

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_KEY_BYTES = 32


class Secret:
    """A value that its representation does not show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Key:
    """A named secret key; its representation shows the name alone.

    Attributes:
        name: The key's id, which may be shown (a token's `kid`).
        secret: At least 32 bytes.
    """

    __slots__ = ("name", "secret")

    def __init__(self, name: str, secret: bytes) -> None:
        self.name = name
        self.secret = secret

    def __repr__(self) -> str:
        return f"Key({self.name!r}, '***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and (other.name, other.secret) == (self.name, self.secret)

    def __hash__(self) -> int:
        return hash((self.name, self.secret))


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable.

    Attributes:
        name: Its name.
        default: The text that stands where it is unset; None: it must be set.
        read: Turns the text into a value, or raises `ValueError` with what would be right.
        help: One or two sentences for `.env.example`.
        section: The heading it stands under.
    """

    name: str
    default: str | None
    read: Callable[[str], Any]
    help: str
    section: str

    def value(self, text: str | None) -> Any:
        """Return the value of `text`, or of the default where it is None or empty.

        Raises:
            ConfigurationError: It is missing or wrong; the message never repeats the value.
        """
        given = text or self.default
        if given is None:
            raise ConfigurationError(self.name, f"is not set. {self.help}")
        try:
            return self.read(given)
        except ValueError as wrong:
            raise ConfigurationError(self.name, str(wrong)) from None


def text(given: str) -> str:
    """Read any text."""
    return given.strip()


def secret(given: str) -> Secret:
    """Read a text that must not be shown, such as a URL with a password."""
    return Secret(given.strip())


def whole(low: int, high: int) -> Callable[[str], int]:
    """Read a whole number from `low` to `high`."""

    def read(given: str) -> int:
        plain = given.strip()
        if not re.fullmatch(r"-?[0-9]{1,18}", plain) or not low <= int(plain) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(plain)

    return read


def number(low: float, high: float, scale: float = 1.0) -> Callable[[str], float]:
    """Read a number from `low` to `high`, times `scale`."""

    def read(given: str) -> float:
        plain = given.strip()
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain) or not low <= float(plain) <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(plain) * scale

    return read


def switch(given: str) -> bool:
    """Read `on` or `off`."""
    try:
        return {"on": True, "off": False}[given.strip().lower()]
    except KeyError:
        raise ValueError("must be `on` or `off`") from None


def one_of(*words: str) -> Callable[[str], str]:
    """Read one of `words`."""

    def read(given: str) -> str:
        word = given.strip().lower()
        if word not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return word

    return read


def url(*schemes: str, empty: bool = False) -> Callable[[str], Secret]:
    """Read a URL with one of `schemes`; it may hold a password, so it is a secret."""

    def read(given: str) -> Secret:
        plain = given.strip()
        if not (empty and not plain) and not plain.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return Secret(plain)

    return read


def path_prefix(given: str) -> str:
    """Read a prefix of paths; empty for none."""
    try:
        return prefix_of(given)
    except ConfigurationError as error:
        raise ValueError(error.problem) from None


def networks(given: str) -> tuple[str, ...]:
    """Read addresses and networks between commas, `*` for all."""
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    try:
        Networks(names)
    except ConfigurationError as error:
        raise ValueError(error.problem) from None
    return names


def keys(exact: bool) -> Callable[[str], tuple[Key, ...]]:  # noqa: FBT001 - read once, in the table
    """Read `id:base64,id:base64`: the first key is used for what is made, all for what is read.

    Args:
        exact: Whether a key must hold exactly 32 bytes (AES-256), or 32 and more (HMAC-SHA-256).
    """

    def read(given: str) -> tuple[Key, ...]:
        found = tuple(_key(part, exact) for part in given.split(",") if part.strip())
        if not found and given:
            raise ValueError("holds no key; give id:base64")
        if len({key.name for key in found}) != len(found):
            raise ValueError("holds two keys of one id; give each its own")
        return found

    return read


def _key(part: str, exact: bool) -> Key:  # noqa: FBT001 - handed on from `keys`
    name, _, encoded = part.strip().partition(":")
    if not _KEY_ID.match(name):
        raise ValueError("must read id:key,id:key with ids of up to 32 letters, digits, - and _")
    try:
        raw = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"key {name} is not base64; `openssl rand -base64 32` makes one") from None
    if len(raw) < _KEY_BYTES or (exact and len(raw) != _KEY_BYTES):
        size = "exactly 32" if exact else "at least 32"
        raise ValueError(f"key {name} must hold {size} bytes; `openssl rand -base64 32` makes one")
    if not any(raw):
        raise ValueError(f"key {name} is all zeros; `openssl rand -base64 32` makes one")
    return Key(name, raw)
