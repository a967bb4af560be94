"""Role checks let their own pass and nobody else."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from app.auth import Role
from app.problems import Forbidden, Problem, Unauthenticated
from app.routes.access import ADMINS, OPERATORS, Roles, require_role
from monitor.middleware.request import record_of
from monitor.tenancy.identity import Identity, TenantId

STAFF = Identity(TenantId(1), "u", Role.STAFF)
ADMIN = Identity(TenantId(1), "u", Role.ADMIN)
OPERATOR = Identity(None, "u", Role.OPERATOR, operator=True)


def asked_by(identity: Identity | None) -> Request:
    request = Request({"type": "http", "headers": []})
    record_of(request.scope).identity = identity
    return request


@pytest.mark.parametrize(("roles", "identity"), [(ADMINS, ADMIN), (OPERATORS, OPERATOR)])
def test_the_right_role_passes(roles: Roles, identity: Identity) -> None:
    """An admin may change settings, an operator may operate."""
    require_role(asked_by(identity), roles)

    assert record_of(asked_by(identity).scope).identity is identity


@pytest.mark.parametrize(
    ("roles", "identity", "problem"),
    [
        (ADMINS, STAFF, Forbidden),
        (ADMINS, OPERATOR, Forbidden),
        (ADMINS, None, Unauthenticated),
        (OPERATORS, STAFF, Forbidden),
        (OPERATORS, ADMIN, Forbidden),
        (OPERATORS, None, Unauthenticated),
    ],
)
def test_every_other_caller_is_refused(
    roles: Roles, identity: Identity | None, problem: type[Problem]
) -> None:
    """Another role is forbidden, and somebody unknown is asked to sign in: nothing fails open."""
    with pytest.raises(problem):
        require_role(asked_by(identity), roles)
