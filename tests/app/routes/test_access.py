"""Role checks let their own pass and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.requests import Request

from app.auth import Role
from app.problems import Forbidden, Problem, Unauthenticated
from app.routes.access import require_admin, require_operator
from monitor.middleware.request import record_of
from monitor.tenancy.identity import Identity, TenantId

STAFF = Identity(TenantId(1), "u", Role.STAFF)
ADMIN = Identity(TenantId(1), "u", Role.ADMIN)
OPERATOR = Identity(None, "u", Role.OPERATOR, operator=True)


def asked_by(identity: Identity | None) -> Request:
    request = Request({"type": "http", "headers": []})
    record_of(request.scope).identity = identity
    return request


@pytest.mark.parametrize(("require", "identity"), [(require_admin, ADMIN), (require_operator, OPERATOR)])
def test_the_right_role_passes(require: Callable[[Request], None], identity: Identity) -> None:
    """An admin may change settings, an operator may operate."""
    require(asked_by(identity))

    assert record_of(asked_by(identity).scope).identity is identity


@pytest.mark.parametrize(
    ("require", "identity", "problem"),
    [
        (require_admin, STAFF, Forbidden),
        (require_admin, OPERATOR, Forbidden),
        (require_admin, None, Unauthenticated),
        (require_operator, STAFF, Forbidden),
        (require_operator, ADMIN, Forbidden),
        (require_operator, None, Unauthenticated),
    ],
)
def test_every_other_caller_is_refused(
    require: Callable[[Request], None], identity: Identity | None, problem: type[Problem]
) -> None:
    """Another role is forbidden, and somebody unknown is asked to sign in: nothing fails open."""
    with pytest.raises(problem):
        require(asked_by(identity))
