"""A bound tenant belongs to one task and its children."""

from __future__ import annotations

import asyncio

import pytest

from monitor.errors import InvalidTenantId, TenantNotBound
from monitor.tenancy.context import bind, bound_tenant, current_tenant, pop, push
from monitor.tenancy.identity import TenantId


def test_without_a_tenant_nothing_is_returned() -> None:
    """Asking for the tenant outside a binding fails closed."""
    assert bound_tenant() is None
    with pytest.raises(TenantNotBound):
        current_tenant()


def test_bindings_nest_and_end() -> None:
    """An inner binding hides the outer one and gives it back, also after an error."""
    with bind(1):
        with pytest.raises(RuntimeError), bind(2):
            assert current_tenant() == 2
            raise RuntimeError
        assert current_tenant() == 1
    assert bound_tenant() is None


def test_an_invalid_tenant_is_never_bound() -> None:
    """A refused id leaves the binding as it was."""
    with bind(1), pytest.raises(InvalidTenantId), bind(0):
        pytest.fail("the block must not run")


def test_push_and_pop_are_a_binding_without_a_block() -> None:
    """The middleware's way binds and unbinds like the block does."""
    token = push(TenantId(7))
    assert current_tenant() == 7
    pop(token)
    assert bound_tenant() is None


async def test_concurrent_tasks_never_mix() -> None:
    """A hundred tasks that interleave at every step each see their own tenant."""

    async def ask(number: int) -> list[int]:
        with bind(number):
            seen = []
            for _ in range(10):
                await asyncio.sleep(0)
                seen.append(int(current_tenant()))
            return seen

    answers = await asyncio.gather(*(ask(number) for number in range(1, 101)))

    assert [[number] * 10 for number in range(1, 101)] == answers


async def test_a_child_task_inherits_its_tenant() -> None:
    """A task started inside a request works for the request's tenant."""

    async def child() -> int:
        return int(current_tenant())

    with bind(3):
        task = asyncio.ensure_future(child())
    assert await task == 3
