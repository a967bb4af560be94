"""One noun makes every name of a tenant that people and machines read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigurationError
from monitor.tenancy.naming import TenantNaming

WORDS = st.from_regex(r"[a-z]{2,24}", fullmatch=True)
TEXTS = st.text(alphabet=st.sampled_from("abehnst T.,"), max_size=60)


def test_a_service_that_names_nothing_has_tenants() -> None:
    """The defaults are the kit's own word."""
    naming = TenantNaming()

    assert ("tenantId", "tenant_", "tenant") == (naming.json_name, naming.key_prefix, naming.log_field)
    assert ("Tenant", "Tenants", "a tenant") == (naming.heading, naming.headings, naming.a_tenant)


def test_every_name_follows_the_noun() -> None:
    """JSON names, key prefixes, log fields and headings are made of the one noun."""
    naming = TenantNaming("account", "accounts")

    assert ("accountId", "account_", "account") == (naming.json_name, naming.key_prefix, naming.log_field)
    assert ("Account", "Accounts", "an account") == (naming.heading, naming.headings, naming.a_tenant)


@pytest.mark.parametrize("noun", ["", "Clinic", "two words", "clinic_", "x", "client:", "straße", "a" * 25])
def test_a_noun_is_a_plain_word(noun: str) -> None:
    """What could not stand in a key, a path or a JSON name is refused at the start."""
    with pytest.raises(ConfigurationError):
        TenantNaming(noun, "clinics")
    with pytest.raises(ConfigurationError):
        TenantNaming("clinic", noun)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Of a tenant.", "Of an account."),
        ("A tenant or tenants; Tenant, Tenants.", "An account or accounts; Account, Accounts."),
        ("The tenant's cache, of every tenant", "The account's cache, of every account"),
        ("untenanted, tenant_id, a tenantry", "untenanted, tenant_id, a tenantry"),
    ],
)
def test_texts_speak_of_the_service_s_tenants(text: str, said: str) -> None:
    """Whole words change, with their article, number and case; parts of other words stay."""
    assert said == TenantNaming("account", "accounts").spoken(text)


@given(TEXTS)
def test_texts_stay_for_a_service_that_names_nothing(text: str) -> None:
    """The kit's own word is the default everywhere."""
    assert text == TenantNaming().spoken(text)
