"""What each role may do: the words of the route table, checked where a route begins."""

from __future__ import annotations

from starlette.requests import Request

from app.auth import Role
from app.problems import Forbidden, Unauthenticated
from monitor.middleware.request import record_of
from monitor.tenancy.identity import Identity

Roles = frozenset[Role]

CLINIC: Roles = frozenset({Role.STAFF, Role.ADMIN})
ADMINS: Roles = frozenset({Role.ADMIN})
OPERATORS: Roles = frozenset({Role.OPERATOR})
STEERING: Roles = ADMINS | OPERATORS
SIGNED_IN: Roles = frozenset(Role)

_SAID = {
    CLINIC: "This belongs to a clinic; sign in as one of its users.",
    ADMINS: "Only an admin of the clinic may do this.",
    OPERATORS: "Only an operator of the service may do this.",
    STEERING: "Only an admin of the clinic or an operator of the service may do this.",
}


def identity_of(request: Request) -> Identity:
    """Return who is asking.

    Raises:
        Unauthenticated: Nobody signed in; the tenant middleware lets no such request through to here.
    """
    identity = record_of(request.scope).identity
    if identity is None:
        raise Unauthenticated
    return identity


def require_role(request: Request, roles: Roles) -> None:
    """Let only callers of one of `roles` pass.

    Raises:
        Unauthenticated: Nobody signed in.
        Forbidden: The caller's role is none of them.
    """
    if identity_of(request).role not in roles:
        raise Forbidden(_SAID[roles])
