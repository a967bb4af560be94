"""Keys know the rules of what they sign, wherever they are handed to."""

from __future__ import annotations

import pickle

import pytest

from app.auth import Role, TokenIssuer, TokenResolver
from app.token_rules import TokenKeys, TokenRules
from app.variables import Key
from monitor.clock import SystemClock

KEYS = TokenKeys([Key("a", b"a" * 32)], TokenRules("taskmed", "idp", 60.0))


def test_a_worker_is_handed_keys_and_rules() -> None:
    """What a spawned worker gets is what its parent has."""
    handed = pickle.loads(pickle.dumps(KEYS))

    assert (KEYS, KEYS.rules) == (handed, handed.rules)


def test_whoever_mints_keeps_to_the_rules() -> None:
    """A token minted with the keys is for the service, and none lasts longer than it takes."""
    clock = SystemClock()
    issuer = TokenIssuer(KEYS, clock)

    token = issuer.mint(role=Role.STAFF, user="u", clinic=1, lifetime_s=60)

    assert "u" == TokenResolver(KEYS, clock, rules=KEYS.rules).resolve(f"Bearer {token}".encode()).user
    with pytest.raises(ValueError, match="hours at most"):
        issuer.mint(role=Role.STAFF, user="u", clinic=1, lifetime_s=61)
