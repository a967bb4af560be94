"""Sign-in: bearer tokens (JWT, RFC 7519), the roles they carry and what each role may do.

The algorithm is fixed (HS256); a token names its key (`kid`), so that keys can be rotated:
the first key signs, every configured one verifies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from secrets import token_hex
from typing import Any, Protocol

import jwt

from app.token_rules import TokenKeys, TokenRules
from app.variables import Key
from monitor.clock import Clock
from monitor.errors import AuthenticationError, InvalidTenantId
from monitor.tenancy.identity import Identity, TenantId

_ALGORITHM = "HS256"
_PREFIX = b"bearer "
_MAX_TOKEN = 2_048
_MAX_USER = 128
_HOUR_S = 3_600.0
# Times are compared with the injected clock below, never with PyJWT's own.
_OPTIONS: Any = {
    "require": ["exp", "user", "role"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class Role(StrEnum):
    """What a user is to the service."""

    STAFF = "staff"  # reads and writes the data of its own clinic
    ADMIN = "admin"  # staff that may also change the clinic's settings
    OPERATOR = "operator"  # sees the telemetry of all clinics and steers the cache; no clinic's data


class Withdrawn(Protocol):
    """Says which tokens no longer count."""

    def __call__(self, *, clinic: int | None, user: str, token_id: str, issued_at: float) -> bool:
        """Say whether a token is withdrawn."""
        ...


class TokenIssuer:
    """Mints bearer tokens with the first key.

    Args:
        keys: At least one key.
        clock: Where the time of issue comes from.
        rules: What the service asks of its tokens; what the keys know of it, where none are given.
    """

    def __init__(self, keys: Sequence[Key], clock: Clock, rules: TokenRules | None = None) -> None:
        self._key = keys[0]
        self._clock = clock
        own = keys.rules if isinstance(keys, TokenKeys) else TokenRules()
        self._rules = rules or own

    def mint(self, *, role: Role, user: str, clinic: int | None = None, lifetime_s: float = 3_600.0) -> str:
        """Return a token.

        Args:
            role: The user's role.
            user: An opaque id, never a name: it is seen in logs.
            clinic: The user's clinic; None for an operator, and only for one.
            lifetime_s: Seconds until it expires.

        Raises:
            InvalidTenantId: `clinic` is not a tenant id.
            ValueError: The role and the clinic do not go together, or the service takes no token that
                lasts so long.
        """
        longest_s = self._rules.longest_s
        if longest_s is not None and lifetime_s > longest_s:
            raise ValueError(f"the service takes tokens of {longest_s / _HOUR_S:g} hours at most")
        if (clinic is None) != (role is Role.OPERATOR):
            raise ValueError("staff and admin belong to a clinic, an operator to none")
        now = int(self._clock.time())
        claims: dict[str, Any] = {"user": user, "role": role.value, "iat": now, "exp": now + int(lifetime_s)}
        claims |= {"jti": token_hex(16), **self._rules.named}
        if clinic is not None:
            claims["clinic"] = int(TenantId(clinic))
        return jwt.encode(claims, self._key.secret, _ALGORITHM, headers={"kid": self._key.name})


class TokenResolver:
    """Turns `Authorization: Bearer ...` into an identity; satisfies `TenantResolver`.

    Verified headers are remembered until they expire, so that a known token costs a look in a
    dictionary.

    Args:
        keys: Every key that verifies.
        clock: What expiry is judged by.
        leeway_s: Seconds a token is taken past its expiry.
        remembered: Most headers to remember; the oldest goes first.
        rules: What the service asks of its tokens.
        withdrawn: Says which tokens no longer count; whoever changes its mind calls `forget`.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        clock: Clock,
        *,
        leeway_s: float = 5.0,
        remembered: int = 10_000,
        rules: TokenRules | None = None,
        withdrawn: Withdrawn | None = None,
    ) -> None:
        self._keys = {key.name: key.secret for key in keys}
        self._clock = clock
        self._now = clock.time
        self._leeway_s = leeway_s
        self._remembered = remembered
        self._verified: dict[bytes, Identity] = {}
        self._rules = rules or TokenRules()
        self._withdrawn = withdrawn

    def forget(self) -> None:
        """Verify every token anew."""
        self._verified.clear()

    def use(self, keys: Sequence[Key]) -> None:
        """Verify with other keys from now on."""
        self._keys = {key.name: key.secret for key in keys}
        self.forget()

    def resolve(self, authorization: bytes) -> Identity:
        """Return the identity that the header's value proves.

        Raises:
            AuthenticationError: It is malformed, expired or forged.
        """
        known = self._verified.get(authorization)
        if known is not None and self._now() < known.expires_at:
            return known
        self._verified.pop(authorization, None)
        identity = self._verify(authorization)
        while len(self._verified) >= self._remembered:
            del self._verified[next(iter(self._verified))]
        self._verified[authorization] = identity
        return identity

    def _verify(self, authorization: bytes) -> Identity:
        if not authorization:
            raise AuthenticationError("missing")
        if authorization[: len(_PREFIX)].lower() != _PREFIX or len(authorization) > _MAX_TOKEN:
            raise AuthenticationError("malformed")
        token = authorization[len(_PREFIX) :].strip()
        return self._identity(self._claims(token), token)

    def _claims(self, token: bytes) -> dict[str, Any]:
        try:
            secret = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
            if secret is None:
                raise AuthenticationError("key_unknown")
            claims: dict[str, Any] = jwt.decode(token, secret, algorithms=[_ALGORITHM], options=_OPTIONS)
        except jwt.InvalidSignatureError:
            raise AuthenticationError("forged") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, json.JSONDecodeError):
            raise AuthenticationError("malformed") from None
        return claims

    def _identity(self, claims: dict[str, Any], token: bytes) -> Identity:
        expires_at = _seconds(claims["exp"]) + self._leeway_s
        now = self._clock.time()
        if now >= expires_at:
            raise AuthenticationError("expired")
        if _seconds(claims.get("nbf", 0)) > now + self._leeway_s:
            raise AuthenticationError("not_yet_valid")
        self._require_rules(claims, now)
        role, user = _role(claims["role"]), claims["user"]
        if not isinstance(user, str) or not 0 < len(user) <= _MAX_USER:
            raise AuthenticationError("malformed")
        operator = role is Role.OPERATOR
        tenant = _tenant(claims.get("clinic"), operator)
        if self._withdrawn is not None and self._withdrawn(
            clinic=tenant,
            user=user,
            token_id=_token_id(claims, token),
            issued_at=_seconds(claims.get("iat", 0)),
        ):
            raise AuthenticationError("revoked")
        return Identity(tenant, user, role, operator, expires_at)

    def _require_rules(self, claims: dict[str, Any], now: float) -> None:
        rules = self._rules
        audience = claims.get("aud")
        if rules.audience and rules.audience not in (audience if isinstance(audience, list) else [audience]):
            raise AuthenticationError("audience")
        if rules.issuer and claims.get("iss") != rules.issuer:
            raise AuthenticationError("issuer")
        # A token that does not say when it was made is judged by how long it still lasts.
        made = _seconds(claims.get("iat", now))
        if rules.longest_s is not None and _seconds(claims["exp"]) - min(made, now) > rules.longest_s:
            raise AuthenticationError("lifetime")


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**53:
        raise AuthenticationError("malformed")
    return float(value)


def _token_id(claims: dict[str, Any], token: bytes) -> str:
    # A token without an id of its own has that of its text.
    given = claims.get("jti")
    return given if isinstance(given, str) and given else blake2b(token, digest_size=16).hexdigest()


def _role(value: object) -> Role:
    try:
        return Role(value)  # type: ignore[arg-type]
    except ValueError:
        raise AuthenticationError("malformed") from None


def _tenant(clinic: object, operator: bool) -> TenantId | None:  # noqa: FBT001 - a fact, not a switch
    if operator:
        if clinic is not None:
            raise AuthenticationError("malformed")
        return None
    if isinstance(clinic, str):
        raise AuthenticationError("malformed")
    try:
        return TenantId(clinic)
    except InvalidTenantId:
        raise AuthenticationError("malformed") from None
