"""A credential is checked once for each request, by whoever comes first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.errors import AuthenticationError
from monitor.middleware.request import RequestRecord
from monitor.middleware.sign_in import SignIn
from monitor.tenancy.identity import Identity, TenantId
from tests.monitor.middleware.test_interceptor import Tenants


class Counted(Tenants):
    """Counts what it is asked."""

    asked = 0

    def resolve(self, authorization: bytes) -> Identity:
        self.asked += 1
        return super().resolve(authorization)


def scope(credential: bytes) -> dict[str, Any]:
    return {"headers": [(b"authorization", credential)]}


@pytest.mark.parametrize("credential", [b"1", b"", b"nobody"])
def test_the_resolver_is_asked_once(credential: bytes) -> None:
    """Identity or refusal, the second to ask is told what the first was told."""
    resolver, record = Counted(), RequestRecord()
    sign_in = SignIn(resolver)
    first = sign_in.settle(scope(credential), record)

    assert sign_in.settle(scope(credential), record) is first
    assert resolver.asked == 1


def test_the_record_names_who_asks() -> None:
    """Identity and tenant are there for who comes later."""
    record = RequestRecord()
    SignIn(Tenants()).settle(scope(b"7"), record)

    assert record.identity is not None
    assert (record.identity.user, record.tenant) == ("u-1", TenantId(7))


@pytest.mark.parametrize(
    ("credential", "reason"), [(b"", "missing"), (b"nobody", "malformed"), (b"0", "malformed")]
)
def test_a_refusal_names_its_reason_and_holds_no_frame(credential: bytes, reason: str) -> None:
    """It lies in the record as long as the request, so it must not hold what holds the record."""
    record = RequestRecord()
    refusal = SignIn(Tenants()).settle(scope(credential), record)

    assert isinstance(refusal, AuthenticationError)
    assert (refusal.reason, refusal.__traceback__) == (reason, None)
    assert record.identity is None


def test_the_sign_in_of_an_outer_application_settles_nothing_for_an_inner_one() -> None:
    """A mounted application with a resolver of its own checks the credential itself."""
    record, inner = RequestRecord(), Counted()
    SignIn(Tenants()).settle(scope(b"1"), record)
    refusal = SignIn(inner).settle(scope(b"nobody"), record)

    assert isinstance(refusal, AuthenticationError)
    assert inner.asked == 1


@pytest.mark.parametrize(
    "credential",
    [b"Bearer \xff\xfe", b"\xed\xa0\x80", "Bearer 7\u0661".encode(), b"Bearer {", b"\x00" * 9_000],
)
def test_a_credential_that_cannot_be_read_is_refused(credential: bytes) -> None:
    """Bytes that are no UTF-8, no number or no JSON for the resolver are a stranger's, not a fault."""

    class Reading:
        def resolve(self, authorization: bytes) -> Identity:
            told = json.loads(authorization.decode().removeprefix("Bearer "))
            return Identity(TenantId(int(told)), "u-1", "staff")

    refusal = SignIn(Reading()).settle(scope(credential), RequestRecord())

    assert isinstance(refusal, AuthenticationError)
    assert (refusal.reason, refusal.__traceback__) == ("malformed", None)


def test_a_resolver_that_breaks_lets_nobody_in() -> None:
    """A fault that says nothing about the credential goes on as a fault: 500, and no identity."""

    class Broken:
        def resolve(self, _authorization: bytes, /) -> Identity:
            raise ConnectionError

    record = RequestRecord()
    with pytest.raises(ConnectionError):
        SignIn(Broken()).settle(scope(b"7"), record)

    assert record.identity is None
