"""Policies refuse what cannot be meant."""

from __future__ import annotations

import pytest

from monitor.cache.policy import CachePolicy, NearMode
from monitor.errors import ConfigurationError


@pytest.mark.parametrize(("ttl_s", "jitter"), [(0.0, 0.1), (-1.0, 0.1), (60.0, 1.0), (60.0, -0.1)])
def test_a_policy_needs_a_lifetime_and_a_jitter_below_one(ttl_s: float, jitter: float) -> None:
    """An entry that lives for no time at all is a mistake, not a policy."""
    with pytest.raises(ConfigurationError):
        CachePolicy("contacts", ttl_s, jitter=jitter)


def test_a_policy_is_strict_by_default() -> None:
    """Without a word, nothing stale is ever served and the near cache validates."""
    policy = CachePolicy("contacts", 300.0)

    assert policy.stale_if_error_s == 0
    assert policy.near is NearMode.VALIDATED
