"""What an operator or an admin orders holds in every worker within a second, and after a restart."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import jwt
import pytest

from app.auth import Role, TokenIssuer
from app.token_rules import TokenRules
from app.variables import Key
from monitor.clock import SystemClock
from tests.app.service import KEY, KEY_TEXT, Caller, Service, config_of, running
from tests.conditions import until

REVOKE, FAULT = "/api/tokens/revocations", "/api/stress/fault"
NEW = Key("new", b"n" * 32)


@pytest.fixture
async def workers(clinics_url: str) -> AsyncIterator[tuple[Service, Service]]:
    """Give two workers over one database, with faults allowed."""
    config = config_of(clinics_url, TASKMED_STRESS="on")
    async with running(config) as one, running(config) as other:
        yield one, other


def claims_of(caller: Caller) -> dict[str, Any]:
    assert caller.token is not None
    claims: dict[str, Any] = jwt.decode(caller.token, options={"verify_signature": False})
    return claims


def text_of(*keys: Key) -> str:
    return ",".join(f"{key.name}:{base64.b64encode(key.secret).decode()}" for key in keys)


async def status_of(caller: Caller) -> int:
    return (await caller.get("/api/settings")).status_code


async def test_one_token_is_withdrawn_in_every_worker(workers: tuple[Service, Service]) -> None:
    """Both workers have verified it before, and both refuse it when the answer is there; others go on."""
    one, other = workers
    lost, kept = one.staff, one.caller()
    elsewhere = Caller(other.app, lost.token)
    before = [await status_of(caller) for caller in (lost, elsewhere, kept)]

    answer = await one.admin.ask("POST", REVOKE, {"tokenId": claims_of(lost)["jti"]})

    assert (200, {"reached": 2, "missing": 0}) == (answer.status_code, answer.json())
    assert [200, 200, 200] == before
    assert [401, 401, 200] == [await status_of(caller) for caller in (lost, elsewhere, kept)]
    assert "revoked" in (await elsewhere.get("/api/contacts")).json()["detail"]


async def test_all_tokens_of_a_user_are_withdrawn_and_no_one_elses(workers: tuple[Service, Service]) -> None:
    """The user of that name in another clinic, and those of other names, keep theirs."""
    one, other = workers
    issuer = TokenIssuer([KEY], SystemClock())
    namesake = Caller(other.app, issuer.mint(role=Role.STAFF, user="tester", clinic=2))
    colleague = Caller(other.app, issuer.mint(role=Role.STAFF, user="colleague", clinic=1))
    operator, staff, admin = one.operator, one.staff, other.admin

    answer = await operator.ask("POST", REVOKE, {"user": "tester", "clinicId": 1})

    assert 200 == answer.status_code
    assert [401, 401, 200, 200] == [await status_of(caller) for caller in (staff, admin, namesake, colleague)]
    assert 200 == (await operator.get("/api/metrics")).status_code


async def test_what_was_withdrawn_stays_so_after_a_restart(clinics_url: str) -> None:
    """A worker that starts later has read the book before it answers anybody."""
    async with running(config_of(clinics_url)) as service:
        lost = service.staff
        await service.admin.ask("POST", REVOKE, {"tokenId": claims_of(lost)["jti"]})
    async with running(config_of(clinics_url)) as service:
        assert 401 == await status_of(Caller(service.app, lost.token))
        assert 200 == await status_of(service.staff)


@pytest.mark.parametrize(
    ("role", "clinic", "body", "status"),
    [
        (Role.STAFF, 1, {"user": "tester"}, 403),
        (Role.ADMIN, 1, {"user": "tester", "clinicId": 2}, 403),
        (Role.ADMIN, 1, {"user": "colleague", "clinicId": 1}, 200),
        (Role.ADMIN, 1, {}, 422),
        (Role.ADMIN, 1, {"user": "a", "tokenId": "b"}, 422),
        (Role.ADMIN, 1, {"user": "x" * 129}, 422),
        (Role.ADMIN, 1, {"user": "a\x00"}, 422),
        (Role.OPERATOR, None, {"user": "another-operator"}, 200),
    ],
)
async def test_tokens_are_withdrawn_by_those_who_may(
    sqlite_service: Service, role: Role, clinic: int | None, body: dict[str, Any], status: int
) -> None:
    """An admin withdraws those of the own clinic, an operator anybody's, staff nobody's."""
    answer = await sqlite_service.caller(role, clinic).ask("POST", REVOKE, body)

    assert status == answer.status_code


async def test_an_admin_cannot_withdraw_another_clinics_token(sqlite_service: Service) -> None:
    """A token's id counts within its clinic: whoever knows another clinic's id can do nothing with it."""
    other = sqlite_service.other

    await sqlite_service.admin.ask("POST", REVOKE, {"tokenId": claims_of(other)["jti"]})

    assert 200 == await status_of(other)


async def test_a_fault_is_set_and_ended_in_every_worker(workers: tuple[Service, Service]) -> None:
    """Whichever worker is asked, each one suffers, and none any longer after DELETE; the answers say so."""
    one, other = workers
    put = await one.operator.ask("PUT", FAULT, {"seconds": 60, "errorShare": 1.0, "clinics": [1]})
    during = [await status_of(worker.staff) for worker in workers]
    ended = await other.operator.ask("DELETE", FAULT)
    after = [await status_of(worker.staff) for worker in workers]

    assert [200, 204] == [put.status_code, ended.status_code]
    assert {"reached=2, missing=0"} == {answer.headers["Workers"] for answer in (put, ended)}
    assert ([500, 500], [200, 200]) == (during, after)


async def test_a_fault_of_no_clinic_is_refused(workers: tuple[Service, Service]) -> None:
    """A drill against a clinic that is not there would tell nothing."""
    answer = await workers[0].operator.ask("PUT", FAULT, {"seconds": 60, "clinics": [1, 999]})

    assert (422, False) == (
        answer.status_code,
        (await workers[0].operator.get(FAULT)).json()["active"],
    )


async def test_keys_rotate_without_a_restart(clinics_on_sqlite: str, tmp_path: Path) -> None:
    """A new key counts once it is in the file, an old one no longer once it is out."""
    file = tmp_path / "keys"
    file.write_text(KEY_TEXT)
    config = config_of(clinics_on_sqlite, TASKMED_TOKEN_KEYS="", TASKMED_TOKEN_KEYS_FILE=str(file))
    async with running(config) as service:
        fresh = TokenIssuer([NEW], SystemClock()).mint(role=Role.STAFF, user="u", clinic=1)
        old, new = service.staff, Caller(service.app, fresh)
        assert [200, 401] == [await status_of(old), await status_of(new)]

        file.write_text(text_of(NEW, KEY))
        await until(lambda: _is(new, 200), 10.0)
        assert 200 == await status_of(old)

        file.write_text("nonsense")
        file.write_text(text_of(NEW))
        # Asked so often, the address may be told to wait by now.
        await until(lambda: _is(old, 401, 429), 10.0)
        assert 200 == await status_of(new)


async def _is(caller: Caller, *statuses: int) -> bool:
    return await status_of(caller) in statuses


@pytest.mark.parametrize(
    ("rules", "hours", "status"),
    [
        (TokenRules("taskmed", "idp"), 1, 200),
        (TokenRules("another", "idp"), 1, 401),
        (TokenRules("taskmed", "another"), 1, 401),
        (TokenRules("", "idp"), 1, 401),
        (TokenRules("taskmed", ""), 1, 401),
        (TokenRules("taskmed", "idp"), 3, 401),
    ],
)
async def test_a_token_is_for_this_service_and_does_not_last(
    clinics_on_sqlite: str, rules: TokenRules, hours: float, status: int
) -> None:
    """Audience and issuer are those configured, and no token lasts longer than allowed."""
    config = config_of(
        clinics_on_sqlite,
        TASKMED_TOKEN_AUDIENCE="taskmed",
        TASKMED_TOKEN_ISSUER="idp",
        TASKMED_TOKEN_MAX_HOURS="2",
    )
    issuer = TokenIssuer([KEY], SystemClock(), rules)
    token = issuer.mint(role=Role.STAFF, user="u", clinic=1, lifetime_s=hours * 3_600)
    async with running(config) as service:
        assert status == await status_of(Caller(service.app, token))


async def test_failed_sign_ins_are_slowed_down_and_lock_nobody_out(sqlite_service: Service) -> None:
    """An address that guesses is told to wait, while the valid tokens of that very address go on."""
    guesser, answers = Caller(sqlite_service.app, "a.b.c"), list[httpx.Response]()
    for _ in range(80):
        answers.append(await guesser.get("/api/settings"))
    unknown = await sqlite_service.stranger.get("/api/settings")

    statuses = [answer.status_code for answer in answers]
    assert [401] * 60 == statuses[:60]
    assert 429 == statuses[-1]
    assert answers[-1].headers["Retry-After"]
    assert 401 == unknown.status_code
    assert [200, 200] == [await status_of(sqlite_service.staff), await status_of(sqlite_service.other)]
