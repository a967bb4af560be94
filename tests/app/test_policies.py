"""The table of the requirements is the table of the code."""

from __future__ import annotations

import pytest

from app import policies
from app.keys import CacheKeys
from app.policies import POLICIES
from monitor.cache.policy import NearMode


def test_each_domain_lives_as_long_as_required() -> None:
    """Contacts 5, appointments 2, medical records 10, analytics 15 and settings 30 minutes."""
    minutes = {domain: policy.ttl_s / 60 for domain, policy in POLICIES.items()}

    assert {
        "contacts": 5,
        "appointments": 2,
        "medical_records": 10,
        "analytics": 15,
        "settings": 30,
    } == minutes


def test_medical_records_are_never_served_outdated_nor_kept_in_the_process() -> None:
    """Clinical data is strict: no near cache, no answer past its time for a failing database."""
    policy = POLICIES[policies.MEDICAL_RECORDS]

    assert (NearMode.OFF, 0.0) == (policy.near, policy.stale_if_error_s)


def test_the_figures_begin_anew_each_day() -> None:
    """Analytics alone ends at the clinic's midnight."""
    assert [policies.ANALYTICS] == [domain for domain, policy in POLICIES.items() if policy.refresh_daily]


def test_the_figures_alone_are_not_compared_with_the_database() -> None:
    """No write makes them stale, so between two refreshes they differ from the truth, rightly."""
    assert [policies.ANALYTICS] == [domain for domain, policy in POLICIES.items() if not policy.compared]


def test_no_policy_can_be_changed_in_passing() -> None:
    """The table is read-only."""
    with pytest.raises(TypeError):
        POLICIES["contacts"] = POLICIES["settings"]  # type: ignore[index]


def test_every_key_belongs_to_a_domain_with_a_policy() -> None:
    """No key is made for a domain that the table does not know."""
    keys = (
        CacheKeys.contacts.list(1),
        CacheKeys.appointments.list(1),
        CacheKeys.medical_records.list(1),
        CacheKeys.analytics.dashboard(1),
        CacheKeys.settings.current(1),
    )

    assert set(POLICIES) == {key.domain for key in keys}
