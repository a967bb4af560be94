"""A mistake of the client is answered 4xx, whoever makes it, and stands in no page's ratio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from monitor.operations.orders import MOST_BYTES
from tests.app.service import Caller, Service, config_of, contact, running

_LONG = "9" * 5_000  # more digits than Python turns into a number
_OVER = 2**63
_JSON = {"Content-Type": "application/json"}

_IDS = (_LONG, "0", "-1", str(_OVER), str(_OVER - 1), "%00", "%ff", "1.0", "\u0661", "%F0%9F", "1/../2")
_TEXTS = ("%00", "%ff", "%ed%a0%80", _LONG, "nan", "inf", "-1", "1e400", "%D9%A1", "", "x", str(_OVER), "0x1")
_BODIES = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"\xff",
    b'{"domain":"\xff"}',
    b'{"name":"\xff"}',
    b'{"\xff":1}',
    b"{",
    b'{"name":"a"}x',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b'{"name":"\\ud800"}',
    b'{"name":"a\\u0000"}',
    b'{"name":1e999}',
    b'{"clinicId":%s,"enabled":true}' % _LONG.encode(),
    b'{"contactId":%s}' % _LONG.encode(),
    b'{"clinicId":%d,"enabled":true}' % _OVER,
    b'{"clinicId":%d}' % _OVER,
    b'{"seconds":%d,"clinics":[%d]}' % (_OVER, _OVER),
    b'{"share":NaN}',
    b'{"enabled":false,"domain":"nope"}',
    b'{"enabled":false,"clinicId":999}',
    b'{"clinicId":999}',
    b'{"seconds":1,"errorShare":1e400}',
)
_LISTS = ("/api/contacts", "/api/appointments", "/api/medical-records", "/api/traces")
_PARAMETERS = (
    "page", "pageSize", "contactId", "q", "date", "from", "to", "status", "kind",
    "clinic", "route", "outcome", "longerThanMs", "limit", "nope", "%ff",
)  # fmt: skip
_WRITES = (
    ("POST", "/api/contacts"),
    ("PATCH", "/api/contacts/1"),
    ("PUT", "/api/contacts/1"),
    ("POST", "/api/appointments"),
    ("POST", "/api/medical-records"),
    ("PATCH", "/api/settings"),
    ("PUT", "/api/cache/switch"),
    ("POST", "/api/cache/warm"),
    ("PUT", "/api/stress/fault"),
)


@pytest.fixture
async def attacked(clinics_url: str) -> AsyncIterator[Service]:
    """Give the service with one contact, over each database and with every route there is."""
    async with running(config_of(clinics_url, TASKMED_STRESS="on")) as service:
        await service.staff.post("/api/contacts", contact())
        yield service


def _everyone(service: Service) -> tuple[Caller, ...]:
    return service.admin, service.operator, service.stranger


async def _refused(caller: Caller, method: str, path: str, **more: Any) -> None:
    headers: Mapping[str, str] = {"If-Match": "*", **more.pop("headers", {})}
    answer = await caller.ask(method, path, headers=headers, **more)
    assert answer.status_code < 500, (method, path[:60], more)


@pytest.mark.parametrize(
    "where",
    [
        "/api/contacts",
        "/api/appointments",
        "/api/medical-records",
        "/api/traces",
        "/console/clinics",
        "/console/traces",
    ],
)
async def test_no_path_is_too_much(attacked: Service, where: str) -> None:
    """Numbers of any length, bytes that are no text and ids beyond 63 bits find nothing, in any method."""
    for caller in _everyone(attacked):
        for name in _IDS:
            for method in ("GET", "HEAD", "PATCH", "DELETE", "OPTIONS"):
                await _refused(caller, method, f"{where}/{name}")


@pytest.mark.parametrize("path", _LISTS)
async def test_no_parameter_is_too_much(attacked: Service, path: str) -> None:
    """Parameters of any value, unknown ones and those that stand twice are refused or ignored."""
    callers = (attacked.operator,) if path == "/api/traces" else (attacked.admin,)
    for caller in callers:
        for name in _PARAMETERS:
            for text in _TEXTS:
                await _refused(caller, "GET", f"{path}?{name}={text}")
            twice = await caller.get(f"{path}?{name}=1&{name}=2")
            assert 422 == twice.status_code


@pytest.mark.parametrize(("method", "path"), _WRITES)
async def test_no_body_is_too_much(attacked: Service, method: str, path: str) -> None:
    """What is no JSON, no UTF-8, too deep, too long or off every rule is refused by whoever takes it."""
    for caller in _everyone(attacked):
        for body in _BODIES:
            await _refused(caller, method, path, content=body, headers=_JSON)


@pytest.mark.parametrize(("method", "path"), [way for way in _WRITES if "/cache/" in way[1]])
async def test_an_operators_body_is_bounded(attacked: Service, method: str, path: str) -> None:
    """More than an order can hold is refused before it is read to the end, declared or not."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b" " * MOST_BYTES

    answer = await attacked.operator.ask(method, path, content=endless(), headers=_JSON)

    assert 413 == answer.status_code


@pytest.mark.parametrize(
    "order",
    [
        {"enabled": False, "domain": "nope"},
        {"enabled": False, "clinicId": 999},
        {"share": 0.5, "domain": "contact"},
        {"enabled": True, "clinicId": 999, "domain": "contacts"},
    ],
)
async def test_a_switch_of_nothing_is_refused(attacked: Service, order: dict[str, Any]) -> None:
    """A domain or a clinic that is not there is said to be none, and the switch stays as it was."""
    refused = await attacked.operator.ask("PUT", "/api/cache/switch", order)

    assert refused.status_code in {404, 422}
    assert {"off": [], "shares": []} == (await attacked.operator.get("/api/cache/switch")).json()


async def test_an_order_that_names_what_is_there_is_taken(attacked: Service) -> None:
    """What is refused is the wrong noun, never the verb: a clinic and a domain that exist are switched."""
    order = {"enabled": False, "clinicId": 2, "domain": "contacts"}

    moved = await attacked.operator.ask("PUT", "/api/cache/switch", order)

    assert (200, [{"clinicId": 2, "domain": "contacts"}]) == (moved.status_code, moved.json()["off"])


async def test_what_nobody_signed_in_asked_for_is_counted_apart(attacked: Service) -> None:
    """Anonymous requests have series of their own, and move no ratio that a page is judged by."""
    before = (await attacked.operator.get("/api/metrics")).json()["api"]["totalCalls"]
    for path in ("/api/contacts", "/api/nope", "/console/clinics/1", "/docs"):
        await attacked.stranger.get(path)
    after = (await attacked.operator.get("/api/metrics")).json()["api"]["totalCalls"]
    exposed = (await attacked.stranger.get("/metrics")).text

    counted = [
        line for line in exposed.splitlines() if line.startswith("http_server_request_duration_seconds_count")
    ]
    assert before == after
    assert [] == [line for line in counted if 'status_code="401"' in line and 'caller="known"' in line]
    assert 4 == sum(float(line.split()[-1]) for line in counted if 'caller="anonymous"' in line)
