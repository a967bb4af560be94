"""Sessions of signed-in operators: sealed in a cookie, so that any worker can open them.

The cookie holds the operator's own token, encrypted: each request asks the service's resolver
again, so a token that is expired or withdrawn ends the session at once, and so does a key that
is rotated away. The server keeps nothing.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from monitor.clock import Clock
from monitor.errors import AuthenticationError, ConfigurationError, InvalidTenantId
from monitor.tenancy.identity import Identity
from monitor.tenancy.resolver import TenantResolver

_KEY_BYTES: Final = 32
_LONGEST_TOKEN: Final = 2_400  # sealed and encoded it still fits a cookie of 4 KB
_SEALING: Final = b"monitor console session 3"
_FORMS: Final = b"monitor console forms 1"


class _Sealed(msgspec.Struct, array_like=True):
    token: str
    visit: str
    began: float
    ends: float
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One operator's visit.

    Attributes:
        identity: Who it is.
        token: The operator's token; it leaves the process sealed only.
        visit: Names the visit; forms are tied to it.
        began: When the operator signed in, in seconds since the Unix epoch.
        ends: When the cookie is no longer taken.
        encrypted: Whether the browser signed in over HTTPS; its cookie goes nowhere else.
        sealed_at: When the cookie that it came in was set; 0 before there is one.
    """

    identity: Identity
    token: str
    visit: str
    began: float
    ends: float
    encrypted: bool = False
    sealed_at: float = field(default=0.0, compare=False)

    def __repr__(self) -> str:
        return f"Session(user={self.identity.user!r}, ends={self.ends:.0f})"


class Sessions:
    """Begins, seals and opens sessions.

    Args:
        keys: Secrets of 32 bytes and more, the same in every worker; the first one seals, all
            of them open. None: one is drawn, and sessions end with the process.
        resolver: Turns an `Authorization` header into an identity.
        idle_s: A session ends this long after the last page.
        longest_s: And this long after the sign-in, whatever happens.

    Raises:
        ConfigurationError: A key is too short.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        resolver: TenantResolver,
        clock: Clock,
        *,
        idle_s: float = 1_800.0,
        longest_s: float = 43_200.0,
    ) -> None:
        if any(len(key) < _KEY_BYTES for key in keys):
            raise ConfigurationError("console keys", "give secrets of at least 32 bytes")
        drawn = keys or (secrets.token_bytes(_KEY_BYTES),)
        self._cipher = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derived(key, _SEALING))) for key in drawn]
        )
        self._form_keys = [_derived(key, _FORMS) for key in drawn]
        self._resolve = resolver.resolve
        self._clock = clock
        self._idle_s = idle_s
        self._longest_s = longest_s

    def begin(self, token: str, *, encrypted: bool = False) -> Session:
        """Begin the session of an operator, whose browser speaks HTTPS or does not.

        Raises:
            AuthenticationError: The token is not valid, or is not an operator's.
        """
        now = self._clock.time()
        identity = self._identity(token.strip())
        visit = secrets.token_urlsafe(16)
        return Session(identity, token.strip(), visit, now, self._end(identity, now, now), encrypted)

    def seal(self, session: Session) -> str:
        """Return the cookie's value."""
        plain = msgspec.json.encode(
            _Sealed(session.token, session.visit, session.began, session.ends, session.encrypted)
        )
        return self._cipher.encrypt_at_time(plain, int(self._clock.time())).decode()

    def open(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie; None if it is none, has ended or is no operator's any more."""
        sealed = self._opened(cookie or "")
        if sealed is None or self._clock.time() >= sealed.ends:
            return None
        try:
            identity = self._identity(sealed.token)
        except AuthenticationError:
            return None
        sealed_at = float(self._cipher.extract_timestamp((cookie or "").encode("ascii")))
        return Session(
            identity, sealed.token, sealed.visit, sealed.began, sealed.ends, sealed.encrypted, sealed_at
        )

    def renewed(self, session: Session) -> Session | None:
        """Return the session with a later end; None while it is too early to set the cookie again."""
        now = self._clock.time()
        if session.ends - now > self._idle_s / 2:
            return None
        ends = self._end(session.identity, session.began, now)
        if ends <= session.ends:
            return None
        return replace(session, ends=ends)

    def last_end(self, session: Session) -> float:
        """Return the latest end that any cookie of the session can have."""
        return min(session.began + self._longest_s, session.identity.expires_at)

    def form_token(self, visit: str) -> str:
        """Return what a form of this visit must carry, which no other site can know."""
        return _proof(self._form_keys[0], visit)

    def is_form_token(self, visit: str, given: str) -> bool:
        """Say whether a form was made for this visit."""
        # While keys are rotated a form may come back that another key's worker made.
        proofs = (_proof(key, visit) for key in self._form_keys)
        return any(hmac.compare_digest(proof.encode(), given.encode()) for proof in proofs)

    def _identity(self, token: str) -> Identity:
        if not token.isascii() or not 0 < len(token) <= _LONGEST_TOKEN or not token.isprintable():
            raise AuthenticationError("malformed")
        try:
            identity = self._resolve(b"Bearer " + token.encode("ascii"))
        except (InvalidTenantId, ValueError):
            raise AuthenticationError("malformed") from None
        if not identity.operator:
            raise AuthenticationError("not_operator")
        return identity

    def _end(self, identity: Identity, began: float, now: float) -> float:
        return min(now + self._idle_s, began + self._longest_s, identity.expires_at)

    def _opened(self, cookie: str) -> _Sealed | None:
        try:
            return msgspec.json.decode(self._cipher.decrypt(cookie.encode("ascii")), type=_Sealed)
        except (InvalidToken, UnicodeEncodeError, msgspec.ValidationError):  # the last: of another release
            return None


def _derived(secret: bytes, purpose: bytes) -> bytes:
    # Extracted first, so that the same secret may sign something else elsewhere.
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(secret)


def _proof(key: bytes, visit: str) -> str:
    return hmac.new(key, visit.encode(), sha256).hexdigest()
