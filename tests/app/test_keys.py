"""The keys of the requirements, literally, and what every other key keeps to."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keys import CacheKeys
from monitor.cache.keys import CacheKey
from monitor.errors import InvalidTenantId


def test_the_keys_of_the_requirements() -> None:
    """The three calls that are written down make the three keys that are written down."""
    assert "clinic_1:contacts:list:page_1" == CacheKeys.contacts.list(1, 1)
    assert "clinic_1:appointments:date_2025-06-17" == CacheKeys.appointments.by_date(1, "2025-06-17")
    assert "clinic_1:analytics:dashboard" == CacheKeys.analytics.dashboard(1)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (CacheKeys.contacts.list(7), "clinic_7:contacts:list:page_1"),
        (CacheKeys.contacts.list(7, 3, page_size=50), "clinic_7:contacts:list:page_3:size_50"),
        (CacheKeys.contacts.detail(7, 12), "clinic_7:contacts:detail:12"),
        (
            CacheKeys.appointments.list(7, 2, status="confirmed"),
            "clinic_7:appointments:list:page_2:status_confirmed",
        ),
        (
            CacheKeys.appointments.by_date(7, date(2025, 6, 17), 2, page_size=5, contactId="3"),
            "clinic_7:appointments:date_2025-06-17:page_2:size_5:contactId_3",
        ),
        (CacheKeys.appointments.detail(7, 12), "clinic_7:appointments:detail:12"),
        (
            CacheKeys.medical_records.list(7, kind="diagnosis"),
            "clinic_7:medical_records:list:page_1:kind_diagnosis",
        ),
        (CacheKeys.medical_records.detail(7, 12), "clinic_7:medical_records:detail:12"),
        (CacheKeys.settings.current(7), "clinic_7:settings:current"),
    ],
)
def test_a_parameter_stands_in_the_key_where_it_differs_from_its_default(key: CacheKey, text: str) -> None:
    """Defaults leave no trace in a key, other values do."""
    assert text == key


def test_details_know_their_entity_and_lists_have_none() -> None:
    """A detail depends on its entity's generation, a list on the domain's."""
    assert "12" == CacheKeys.contacts.detail(1, 12).entity
    assert "{clinic_1:contacts}:gen:12" in CacheKeys.contacts.detail(1, 12).generation_keys
    assert CacheKeys.contacts.list(1).entity is None


@given(text=st.text(min_size=1, max_size=80))
def test_what_is_searched_for_never_stands_in_a_key(text: str) -> None:
    """The key of a search holds a digest of fixed form, whatever the text."""
    key = CacheKeys.contacts.list(1, search=text)

    assert re.fullmatch(r"clinic_1:contacts:list:page_1:search_[0-9a-f]{32}", key)


@given(first=st.text(min_size=1), second=st.text(min_size=1))
def test_different_searches_have_different_keys(first: str, second: str) -> None:
    """Two searches share a key only if they are one."""
    same = CacheKeys.contacts.list(1, search=first) == CacheKeys.contacts.list(1, search=second)

    assert (first == second) is same


@given(
    tenant=st.integers(min_value=1, max_value=2**63 - 1), other=st.integers(min_value=1, max_value=2**63 - 1)
)
def test_no_two_clinics_share_a_key(tenant: int, other: int) -> None:
    """The clinic is part of every key, logical and physical."""
    own, others = CacheKeys.analytics.dashboard(tenant), CacheKeys.analytics.dashboard(other)

    assert (tenant == other) is (own == others) is (own.physical == others.physical)


@pytest.mark.parametrize("tenant", [0, -1, 2**63, True, 1.5, "one", None])
def test_what_is_no_clinic_has_no_key(tenant: object) -> None:
    """A key is made for a valid clinic or not at all."""
    with pytest.raises(InvalidTenantId):
        CacheKeys.analytics.dashboard(tenant)  # type: ignore[arg-type]
