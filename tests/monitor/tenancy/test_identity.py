"""TenantId accepts positive integers and refuses everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InvalidTenantId
from monitor.tenancy.identity import Identity, TenantId


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_a_positive_integer_is_a_tenant_id(number: int) -> None:
    """Any positive integer that fits a BIGINT is accepted, also as plain digits."""
    assert TenantId(number) == number
    assert TenantId(str(number)) == number


@pytest.mark.parametrize(
    "value",
    [0, -1, 2**63, True, 1.0, None, "", " 1", "+1", "1_000", "١", "1\n", b"1", "9" * 25, [], object()],
)
def test_anything_else_is_refused(value: object) -> None:
    """Values that merely look like a positive integer are refused rather than converted."""
    with pytest.raises(InvalidTenantId) as caught:
        TenantId(value)

    assert caught.value.value is value or caught.value.value == int(str(value))


def test_the_message_of_a_refusal_holds_no_input() -> None:
    """What was sent may be personal, so it is an attribute and not part of the message."""
    with pytest.raises(InvalidTenantId) as caught:
        TenantId("Erika Mustermann")

    assert "Erika" not in str(caught.value)


def test_an_identity_is_no_operator_by_default() -> None:
    """Power over all tenants is only ever granted explicitly."""
    assert not Identity(TenantId(1), "u-1", "staff").operator
