"""What the service asks of every token."""

from __future__ import annotations

from dataclasses import dataclass


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
