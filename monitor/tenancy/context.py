"""The tenant bound to the running task.

One context variable, so that concurrent requests never mix; a task that is started inside
a request inherits its tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from monitor.errors import TenantNotBound
from monitor.tenancy.identity import TenantId

_BOUND: ContextVar[TenantId | None] = ContextVar("monitor_tenant", default=None)


def current_tenant() -> TenantId:
    """Return the bound tenant.

    Raises:
        TenantNotBound: No tenant is bound. Nothing falls back to a default tenant.
    """
    tenant = _BOUND.get()
    if tenant is None:
        raise TenantNotBound
    return tenant


bound_tenant: Callable[[], TenantId | None] = _BOUND.get
"""Return the bound tenant, or None; for telemetry, which also works without one.

It is the variable's own method: every lookup asks it, and a Python frame around it is not free.
"""


@contextmanager
def bind(tenant: int) -> Iterator[TenantId]:
    """Bind `tenant` until the block ends; blocks nest."""
    value = TenantId(tenant)
    token = _BOUND.set(value)
    try:
        yield value
    finally:
        _BOUND.reset(token)


def push(tenant: TenantId) -> Token[TenantId | None]:
    """Bind without a block, for the middleware's hot path; pair with `pop`."""
    return _BOUND.set(tenant)


def pop(token: Token[TenantId | None]) -> None:
    """Undo the `push` that returned `token`."""
    _BOUND.reset(token)
