"""What each role may do, checked where a route begins."""

from __future__ import annotations

from starlette.requests import Request

from app.auth import may_change_settings, may_operate
from app.problems import Forbidden, Unauthenticated
from monitor.middleware.request import record_of
from monitor.tenancy.identity import Identity


def identity_of(request: Request) -> Identity:
    """Return who is asking.

    Raises:
        Unauthenticated: Nobody signed in; the tenant middleware lets no such request through to here.
    """
    identity = record_of(request.scope).identity
    if identity is None:
        raise Unauthenticated
    return identity


def require_admin(request: Request) -> None:
    """Let only admins of the clinic pass.

    Raises:
        Forbidden: The caller is none.
    """
    if not may_change_settings(identity_of(request)):
        raise Forbidden("Only an admin of the clinic may change its settings.")


def require_operator(request: Request) -> None:
    """Let only operators pass.

    Raises:
        Forbidden: The caller is none.
    """
    if not may_operate(identity_of(request)):
        raise Forbidden("Only an operator of the service may do this.")
