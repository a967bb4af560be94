"""What the service asks of every token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from app.variables import Key


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What the service asks of a token beside its signature (RFC 7519, 4.1).

    Attributes:
        audience: Who must be among the ones it is for (`aud`); empty: anybody.
        issuer: Who must have made it (`iss`); empty: anybody who has a key.
        longest_s: Most seconds between issue and expiry; None: any number.
    """

    audience: str = ""
    issuer: str = ""
    longest_s: float | None = None

    @property
    def named(self) -> dict[str, str]:
        """The claims that a token of this service carries."""
        claims = {"aud": self.audience, "iss": self.issuer}
        return {name: value for name, value in claims.items() if value}


class TokenKeys(tuple[Key, ...]):  # noqa: SLOT001 - a tuple's subclass can have none that hold something
    """The keys of the tokens, with what the service asks of what they sign.

    Attributes:
        rules: What whoever mints with the keys keeps to, unless told otherwise.
    """

    rules: TokenRules

    def __new__(cls, keys: Iterable[Key], rules: TokenRules) -> Self:
        made = super().__new__(cls, keys)
        made.rules = rules
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Key, ...], TokenRules]]:
        # Workers are spawned: the configuration is handed to each of them.
        return type(self), (tuple(self), self.rules)
