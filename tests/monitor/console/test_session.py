"""Sessions: sealed, short, tied to a token that is still good."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.console.session import Session, Sessions
from monitor.errors import AuthenticationError, ConfigurationError
from monitor.testing.fakes import ManualClock
from tests.monitor.console.service import KEY, Tokens


def sessions(
    clock: ManualClock | None = None, tokens: Tokens | None = None, keys: tuple[bytes, ...] = (KEY,)
) -> Sessions:
    return Sessions(keys, tokens or Tokens(), clock or ManualClock())


def test_a_sealed_session_opens_in_another_worker() -> None:
    """Nothing but the shared key is needed."""
    begun = sessions().begin("op-secret")
    opened = sessions().open(sessions().seal(begun))
    assert opened == begun
    assert opened is not None
    assert opened.identity.user == "op-1"


def test_the_token_is_in_the_cookie_under_seal_only() -> None:
    """Neither the cookie nor what is printed shows the token."""
    begun = sessions().begin("op-secret")
    cookie = sessions().seal(begun)
    assert b"op-secret" not in base64.urlsafe_b64decode(cookie)
    assert "op-secret" not in repr(begun)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_cookie_is_none(place: int, mask: int) -> None:
    """Any changed byte ends it."""
    sealed = bytearray(base64.urlsafe_b64decode(sessions().seal(sessions().begin("op-secret"))))
    sealed[place % len(sealed)] ^= mask
    assert sessions().open(base64.urlsafe_b64encode(sealed).decode()) is None


@given(st.text())
def test_any_other_text_is_none(cookie: str) -> None:
    """A browser may send anything."""
    assert sessions().open(cookie) is None
    assert sessions().open(None) is None


def test_another_services_key_opens_nothing() -> None:
    """A cookie is worth something to its own service alone."""
    cookie = sessions(keys=(b"o" * 32,)).seal(sessions().begin("op-secret"))
    assert sessions().open(cookie) is None


def test_keys_can_be_rotated() -> None:
    """A new key in front seals; the old one behind still opens."""
    cookie = sessions().seal(sessions().begin("op-secret"))
    assert sessions(keys=(b"n" * 32, KEY)).open(cookie) is not None


def test_a_form_outlives_a_rotation() -> None:
    """A form that was drawn under the old key is taken while that key still opens."""
    visit = sessions().begin("op-secret").visit
    proof = sessions().form_token(visit)

    assert sessions(keys=(b"n" * 32, KEY)).is_form_token(visit, proof)
    assert not sessions(keys=(b"n" * 32,)).is_form_token(visit, proof)


def test_the_longest_token_fits_a_cookie() -> None:
    """Browsers drop a cookie of more than 4,096 bytes, name and attributes included (RFC 6265, 6.1)."""
    tokens = Tokens()
    longest = "op-secret".ljust(2_400, "x")
    tokens.known[longest] = tokens.known["op-secret"]

    assert len(sessions(tokens=tokens).seal(sessions(tokens=tokens).begin(longest))) < 3_800


def test_a_short_key_is_refused() -> None:
    """A secret that can be guessed is none."""
    with pytest.raises(ConfigurationError):
        sessions(keys=(b"short",))


def test_an_idle_session_ends() -> None:
    """Half an hour without a page, and the cookie is no longer taken."""
    clock = ManualClock()
    cookie = sessions(clock).seal(sessions(clock).begin("op-secret"))
    clock.advance(1_799)
    assert sessions(clock).open(cookie) is not None
    clock.advance(1)
    assert sessions(clock).open(cookie) is None


def test_a_session_never_outlasts_its_token() -> None:
    """A token that expires in a minute makes a session of a minute."""
    clock = ManualClock()
    assert sessions(clock).begin("op-short").ends == clock.time() + 60


def test_a_withdrawn_token_ends_the_session_at_once() -> None:
    """Each request asks the resolver again."""
    tokens = Tokens()
    cookie = sessions(tokens=tokens).seal(sessions(tokens=tokens).begin("op-secret"))
    del tokens.known["op-secret"]
    assert sessions(tokens=tokens).open(cookie) is None


def test_use_renews_but_not_for_ever() -> None:
    """In its second half a session in use gets a later end, up to twelve hours after the sign-in."""
    clock = ManualClock()
    session: Session = sessions(clock).begin("op-secret")
    assert sessions(clock).renewed(session) is None
    began = clock.time()
    for _ in range(43):
        clock.advance(1_000)
        session = sessions(clock).renewed(session) or session
    assert session.ends == began + 43_200


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("staff-1", "not_operator"),
        ("nonsense", "forged"),
        ("", "malformed"),
        ("a b\nc", "malformed"),
        ("é", "malformed"),
        ("x" * 5_000, "malformed"),
    ],
)
def test_only_operators_begin(token: str, reason: str) -> None:
    """A tenant's user, nonsense and what no header could hold are refused with a word."""
    with pytest.raises(AuthenticationError) as refused:
        sessions().begin(token)
    assert refused.value.reason == reason


def test_a_form_belongs_to_its_visit() -> None:
    """The proof of one visit is none of another's."""
    one, other = sessions().begin("op-secret"), sessions().begin("op-secret")
    proof = sessions().form_token(one.visit)
    assert sessions().is_form_token(one.visit, proof)
    assert not sessions().is_form_token(other.visit, proof)
    assert not sessions().is_form_token(one.visit, "")
    assert not sessions().is_form_token(one.visit, "é")
