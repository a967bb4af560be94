"""The cache from the command line, on a running service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.commands.cache_switch import CacheUnreachable, move, warm
from app.drill.stack import TaskMedServer
from app.variables import Key
from tests.app.service import KEY, KEY_TEXT


@pytest.fixture(scope="module")
def server() -> Iterator[TaskMedServer]:
    """Give a running service."""
    variables = {"DATABASE_URL": "sqlite+aiosqlite:///taskmed.db", "TASKMED_TOKEN_KEYS": KEY_TEXT}
    with TaskMedServer(variables) as server:
        yield server


def test_off_and_on_again(server: TaskMedServer) -> None:
    """The switch moves for one scope, tells what is off, and comes back."""

    def moved(*, enabled: bool | None) -> str:
        return move(server.url, (KEY,), enabled=enabled, clinic=3, domain="contacts")

    assert moved(enabled=None) == "the cache is on"
    assert moved(enabled=False) == "the cache is off for clinic 3, contacts"
    assert moved(enabled=None) == "the cache is off for clinic 3, contacts"
    assert moved(enabled=True) == "the cache is on"


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
