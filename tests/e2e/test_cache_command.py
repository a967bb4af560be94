"""The cache from the command line, on a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.commands.cache_switch import CacheUnreachable, move, warm
from app.drill.stack import TaskMedServer
from app.migrations import upgrade
from app.variables import Key
from tests.app.service import KEY, KEY_TEXT, set_up_clinics


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TaskMedServer]:
    """Give a running service with clinics 1 and 2."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('clinics') / 'taskmed.db'}"
    asyncio.run(upgrade(url))
    asyncio.run(set_up_clinics(url))
    variables = {"DATABASE_URL": url, "TASKMED_TOKEN_KEYS": KEY_TEXT}
    with TaskMedServer(variables) as server:
        yield server


def test_off_and_on_again(server: TaskMedServer) -> None:
    """The switch moves for one scope, tells what is off, and comes back."""

    def moved(*, enabled: bool | None) -> str:
        return move(server.url, (KEY,), enabled=enabled, clinic=2, domain="contacts")

    assert moved(enabled=None) == "the cache is on"
    assert moved(enabled=False) == "the cache is off for clinic 2, contacts"
    assert moved(enabled=None) == "the cache is off for clinic 2, contacts"
    assert moved(enabled=True) == "the cache is on"


def test_what_is_not_there_is_named(server: TaskMedServer) -> None:
    """A typo in an incident moves nothing, and says so."""
    with pytest.raises(CacheUnreachable, match="HTTP 404, There is no such clinic"):
        move(server.url, (KEY,), enabled=False, clinic=999)
    with pytest.raises(CacheUnreachable, match="HTTP 422, There is no such domain; the cached ones are"):
        move(server.url, (KEY,), enabled=False, domain="nope")
    assert move(server.url, (KEY,)) == "the cache is on"


def test_a_share_and_back(server: TaskMedServer) -> None:
    """A share is told as it was set; of nothing it is off."""

    def moved(share: float) -> str:
        return move(server.url, (KEY,), share=share, domain="contacts")

    assert moved(0.25) == "the cache is on for 0.25 of all clinics, contacts"
    assert moved(0) == "the cache is off for all clinics, contacts"
    assert moved(1) == "the cache is on"


def test_off_for_everyone(server: TaskMedServer) -> None:
    """Without a scope the whole cache is meant."""
    said = move(server.url, (KEY,), enabled=False)
    assert said == "the cache is off for all clinics, all domains"
    assert move(server.url, (KEY,), enabled=True) == "the cache is on"


def test_a_key_the_service_does_not_know_is_refused(server: TaskMedServer) -> None:
    """Who cannot mint a valid token cannot move the switch."""
    with pytest.raises(CacheUnreachable, match="HTTP 401"):
        move(server.url, (Key("other", b"1" * 32),), enabled=False)


def test_a_service_that_is_not_there_is_named() -> None:
    """The error names the address."""
    with pytest.raises(CacheUnreachable, match=r"http://127\.0\.0\.1:9/"):
        move("http://127.0.0.1:9", (KEY,))


def test_a_warming_is_followed_to_its_end(server: TaskMedServer) -> None:
    """Each line says how far it is; a clinic that is not there is named as the reason."""
    told = list(warm(server.url, (KEY,), None, 1_000.0))

    assert told[-1]["state"] == "done"
    assert told[-1]["done"] == told[-1]["total"]
    with pytest.raises(CacheUnreachable, match="HTTP 404, There is no such clinic"):
        list(warm(server.url, (KEY,), 99, 1.0))
