"""Every operation as every role and as nobody: who may is answered, and nobody else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from app.auth import Role
from app.openapi import document, roles_page
from app.routes import KIT_TABLE, STRESS_TABLE, TABLE
from app.routes.table import Operation, Resource
from tests.app.service import Caller, Service, config_of, contact, running

OPERATIONS = [
    (resource, operation)
    for resource in (*TABLE, *KIT_TABLE, *STRESS_TABLE)
    for operation in resource.operations
]
each_operation = pytest.mark.parametrize(
    ("resource", "operation"), OPERATIONS, ids=[operation.operation_id for _, operation in OPERATIONS]
)


@pytest.fixture
async def service(clinics_on_sqlite: str) -> AsyncIterator[Service]:
    """Give the service with every route there is, and one contact."""
    async with running(config_of(clinics_on_sqlite, TASKMED_STRESS="on")) as service:
        await service.staff.post("/api/contacts", contact())
        yield service


def _caller(service: Service, role: Role | None) -> Caller:
    if role is None:
        return service.stranger
    return service.caller(role, None if role is Role.OPERATOR else 1)


@each_operation
async def test_an_operation_is_for_its_roles_alone(
    service: Service, resource: Resource, operation: Operation
) -> None:
    """Another role is answered 403 and nobody 401, before path, version or body are looked at."""
    for identifier in ("1", "999", "nonsense"):
        path = re.sub(r"\{\w+\}", identifier, resource.path)
        for role in (*Role, None):
            answer = await _caller(service, role).ask(
                operation.method, path, {} if operation.body else None, version="*"
            )
            refused = answer.status_code in {401, 403}
            if operation.public:
                assert not refused
            elif role is None:
                assert 401 == answer.status_code
            else:
                assert refused == (role not in operation.roles), (role, answer.status_code)
                assert 401 != answer.status_code


@each_operation
async def test_a_head_request_is_held_to_the_same(
    service: Service, resource: Resource, operation: Operation
) -> None:
    """What may not be read may not be looked at either."""
    if operation.method == "GET":
        path = re.sub(r"\{\w+\}", "1", resource.path)
        for role in (*Role, None):
            caller = _caller(service, role)
            read, looked = await caller.get(path), await caller.ask("HEAD", path)
            assert (read.status_code in {401, 403}) == (looked.status_code in {401, 403})


def test_what_is_cached_is_for_everybody_in_the_clinic() -> None:
    """A hit is answered before the route, and its roles, are reached."""
    for resource in TABLE:
        for operation in resource.operations:
            if resource.key is not None and operation.method == "GET":
                assert {Role.STAFF, Role.ADMIN} <= operation.roles


@each_operation
def test_the_description_tells_the_roles(resource: Resource, operation: Operation) -> None:
    """`x-roles` are those that the routes check; what is public asks for no token."""
    described = document()["paths"][resource.path][operation.method.lower()]

    if operation.public:
        assert [] == described["security"]
    else:
        assert operation.roles == {Role(role) for role in described["x-roles"]}


def test_the_page_is_the_table() -> None:
    """`docs/roles.md` is what the code says; run `make definitions` after a change."""
    assert roles_page() == Path("docs/roles.md").read_text(encoding="utf-8")
    assert msgspec.json.encode(document())
