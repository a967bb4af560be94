"""Tokens prove one clinic, one role and nothing more."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth import Role, TokenIssuer, TokenResolver
from app.variables import Key
from monitor.errors import AuthenticationError, InvalidTenantId
from monitor.tenancy.identity import Identity, TenantId
from monitor.testing.fakes import ManualClock

OLD, NEW = Key("old", b"o" * 32), Key("new", b"n" * 32)


def header(token: str) -> bytes:
    return f"Bearer {token}".encode()


def signed(
    key: Key = NEW, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any
) -> bytes:
    """Return a header with claims of our own making."""
    whole = {"clinic": 1, "user": "u", "role": "staff", "exp": 4_000_000_000, **claims}
    whole = {name: value for name, value in whole.items() if value is not ...}
    return header(jwt.encode(whole, key.secret, algorithm, headers={"kid": key.name, **(headers or {})}))


def forged_header(fields: dict[str, Any]) -> bytes:
    """Return a token whose header no library would write."""
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=") + b".e30.AAAA"


def reason_of(resolver: TokenResolver, authorization: bytes) -> str:
    with pytest.raises(AuthenticationError) as refused:
        resolver.resolve(authorization)
    return refused.value.reason


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_a_minted_token_proves_clinic_user_and_role(role: Role) -> None:
    """What is minted is what is resolved, until it expires."""
    clock = ManualClock()

    token = TokenIssuer([NEW], clock).mint(role=role, user="u-1", clinic=7, lifetime_s=60)
    identity = TokenResolver([NEW], clock, leeway_s=5).resolve(header(token))

    assert Identity(TenantId(7), "u-1", role, operator=False, expires_at=clock.time() + 65) == identity


def test_an_operator_belongs_to_no_clinic() -> None:
    """An operator's token binds no tenant."""
    clock = ManualClock()

    token = TokenIssuer([NEW], clock).mint(role=Role.OPERATOR, user="op")
    identity = TokenResolver([NEW], clock).resolve(header(token))

    assert (None, True) == (identity.tenant, identity.operator)


@pytest.mark.parametrize(("role", "clinic"), [(Role.STAFF, None), (Role.ADMIN, None), (Role.OPERATOR, 1)])
def test_roles_and_clinics_must_go_together(role: Role, clinic: int | None) -> None:
    """Nobody is staff of no clinic, and no operator is of one."""
    with pytest.raises(ValueError, match="belong to a clinic"):
        TokenIssuer([NEW], ManualClock()).mint(role=role, user="u", clinic=clinic)


def test_no_token_is_minted_for_what_is_no_clinic() -> None:
    """A clinic's id is a positive integer."""
    with pytest.raises(InvalidTenantId):
        TokenIssuer([NEW], ManualClock()).mint(role=Role.STAFF, user="u", clinic=0)


def test_keys_rotate_without_a_break() -> None:
    """Old tokens verify while their key is configured; new ones are signed with the first key."""
    clock = ManualClock()
    before = header(TokenIssuer([OLD], clock).mint(role=Role.STAFF, user="u", clinic=1))
    after = header(TokenIssuer([NEW, OLD], clock).mint(role=Role.STAFF, user="u", clinic=1))

    between, later = TokenResolver([NEW, OLD], clock), TokenResolver([NEW], clock)

    assert between.resolve(before).tenant == between.resolve(after).tenant == later.resolve(after).tenant
    assert "key_unknown" == reason_of(later, before)


def test_expiry_holds_for_remembered_tokens_too() -> None:
    """A token ends at its expiry and the leeway, also where it was verified before."""
    clock = ManualClock()
    resolver = TokenResolver([NEW], clock, leeway_s=5)
    token = header(TokenIssuer([NEW], clock).mint(role=Role.STAFF, user="u", clinic=1, lifetime_s=60))

    first = resolver.resolve(token)
    clock.advance(64.5)
    assert first is resolver.resolve(token)
    clock.advance(0.5)

    assert "expired" == reason_of(resolver, token)


def test_what_is_remembered_is_bounded() -> None:
    """The oldest tokens make room; they are verified again when they come back."""
    clock = ManualClock()
    resolver = TokenResolver([NEW], clock, remembered=2)
    issuer = TokenIssuer([NEW], clock)
    tokens = [header(issuer.mint(role=Role.STAFF, user=f"u{n}", clinic=1)) for n in range(3)]

    first = [resolver.resolve(token) for token in tokens]

    assert first[1:] == [resolver.resolve(token) for token in tokens[1:]]
    assert first[2] is resolver.resolve(tokens[2])
    again = resolver.resolve(tokens[0])
    assert first[0] is not again
    assert first[0] == again


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (b"", "missing"),
        (b"Bearer", "malformed"),
        (b"Bearer ", "malformed"),
        (b"Basic dXNlcjpwYXNz", "malformed"),
        (b"Bearer abc.def.ghi", "malformed"),
        (b"Bearer \xff\xfe", "malformed"),
        (b"Bearer " + b"a" * 5_000, "malformed"),
        (signed(key=Key("new", b"x" * 32)), "forged"),
        (signed(key=Key("third", b"x" * 32)), "key_unknown"),
        (b"Bearer " + forged_header({"alg": "HS256", "kid": ["new"]}), "malformed"),
        (b"Bearer " + forged_header({"alg": "HS256", "kid": None}), "malformed"),
        (b"Bearer " + forged_header({"alg": "HS256"}), "key_unknown"),
        (signed(algorithm="HS384", key=Key("new", b"n" * 48)), "malformed"),
        (signed(exp=...), "malformed"),
        (signed(role=...), "malformed"),
        (signed(user=...), "malformed"),
        (signed(clinic=...), "malformed"),
        (signed(clinic="1"), "malformed"),
        (signed(clinic=2**63), "malformed"),
        (signed(role="root"), "malformed"),
        (signed(role=["staff"]), "malformed"),
        (signed(role="operator"), "malformed"),
        (signed(user="x" * 129), "malformed"),
        (signed(user=1), "malformed"),
        (signed(exp="soon"), "malformed"),
        (signed(exp=True), "malformed"),
        (signed(exp=1e308), "malformed"),
        (signed(exp=-1), "malformed"),
        (signed(exp=1_000), "expired"),
        (signed(nbf=3_999_999_999), "not_yet_valid"),
        (signed(nbf="x"), "malformed"),
    ],
)
def test_anything_but_a_valid_token_is_refused_with_a_bounded_word(authorization: bytes, reason: str) -> None:
    """The reason is one of a few words, fit for a label, and holds nothing of the token."""
    assert reason == reason_of(TokenResolver([NEW, OLD], ManualClock()), authorization)


def test_an_unsigned_token_is_refused() -> None:
    """The algorithm `none` and an algorithm of the caller's choice open nothing."""
    claims = {"clinic": 1, "user": "u", "role": "staff", "exp": 4_000_000_000}
    unsigned = jwt.encode(claims, "", "none", headers={"kid": "new"})

    assert "malformed" == reason_of(TokenResolver([NEW], ManualClock()), header(unsigned))


def test_the_scheme_is_read_in_any_case() -> None:
    """`bearer` and `BEARER` are the same scheme (RFC 9110, 11.1)."""
    token = signed().removeprefix(b"Bearer ")
    resolver = TokenResolver([NEW], ManualClock())

    assert resolver.resolve(b"bearer " + token).tenant == resolver.resolve(b"BEARER " + token).tenant


@given(garbage=st.binary(max_size=300))
def test_no_header_whatever_breaks_the_resolver(garbage: bytes) -> None:
    """Any bytes are refused as an authentication error, never another one."""
    resolver = TokenResolver([NEW], ManualClock())

    with pytest.raises(AuthenticationError):
        resolver.resolve(b"Bearer " + garbage)


@given(position=st.integers(min_value=7), flip=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_goes_unnoticed(position: int, flip: int) -> None:
    """A token with a changed byte proves nothing, or exactly what it did."""
    whole = bytearray(signed())
    whole[7 + position % (len(whole) - 7)] ^= flip
    resolver = TokenResolver([NEW], ManualClock())

    try:
        identity = resolver.resolve(bytes(whole))
    except AuthenticationError:
        return
    # The last character of a base64 part may carry unused bits.
    assert resolver.resolve(signed()) == identity
