"""Where messages are heard, and which of them woke somebody in vain."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from app.drill.fault_switch import DrillRefused
from app.drill.pages import AlertmanagerPages, ReceivedPages, false_pages, tells
from app.drill.receiver import Notification, Receiver
from tests.app.drill.answers import answering


def _message(status: str, *alerts: str, path: str = "/page") -> Notification:
    told = [{"labels": {"alertname": name}, "status": status} for name in alerts]
    return Notification(path, {"status": status, "alerts": told})


def _held(name: str, state: str = "active", receiver: str = "page") -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "job": "taskmed"},
        "annotations": {},
        "fingerprint": name,
        "status": {"state": state},
        "receivers": [{"name": receiver}],
    }


def test_a_message_tells_of_an_alert_in_a_state_at_a_receiver() -> None:
    """All three must fit."""
    message = _message("firing", "Slow", "Late")
    assert tells(message, "/page", "Late", "firing")
    assert not tells(message, "/ticket", "Late", "firing")
    assert not tells(message, "/page", "Late", "resolved")
    assert not tells(message, "/page", "Other", "firing")


@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([_message("firing", "Slow"), _message("resolved", "Slow", "Muted")], []),
        ([_message("firing", "Slow"), _message("firing", "Slow")], ["/page Slow"]),
        ([_message("firing", "Slow", "Other")], ["/page Other, Slow"]),
        ([_message("firing", "Slow"), _message("firing", "Slow", path="/flagship")], ["/flagship Slow"]),
        ([_message("firing", "Other", path="/ticket"), _message("firing", "On", path="/watchdog")], []),
    ],
)
def test_one_page_for_the_fault_and_none_besides(messages: list[Notification], wrong: list[str]) -> None:
    """Repetitions, company and other receivers count; tickets, the watchdog and what is over do not."""
    assert false_pages(messages, "/page", "Slow") == wrong


def test_a_ticket_excuses_no_page() -> None:
    """Where a ticket was to tell of it, a page of the same alert is false."""
    messages = [_message("firing", "Redis", path="/ticket"), _message("firing", "Redis")]
    assert false_pages(messages, "/ticket", "Redis") == ["/page Redis"]


async def test_our_own_receiver_is_heard() -> None:
    """What it took so far."""
    with Receiver() as receiver:
        assert await ReceivedPages(receiver).heard() == ()


async def test_what_alertmanager_holds_is_heard_as_messages() -> None:
    """An active alert is a firing message, its going a resolved one; a muted alert is none."""
    held: list[list[dict[str, Any]]] = [
        [_held("Slow"), _held("Tenant", "suppressed"), _held("Redis", receiver="ticket")],
        [_held("Redis", receiver="ticket")],
    ]
    async with answering({"/api/v2/alerts": lambda _: held[0]}) as url, aiohttp.ClientSession() as session:
        pages = AlertmanagerPages(session, url, "taskmed")
        first = list(await pages.heard())
        assert list(await pages.heard()) == first
        held.pop(0)
        later = list(await pages.heard())
    assert [(one.path, one.status) for one in first] == [("/page", "firing"), ("/ticket", "firing")]
    assert [(one.path, one.status) for one in later[2:]] == [("/page", "resolved")]
    assert tells(later[2], "/page", "Slow", "resolved")


async def test_an_alertmanager_that_is_none_is_refused() -> None:
    """By its address and what came instead."""
    async with answering({"/api/v2/alerts": {"no": "list"}}) as url, aiohttp.ClientSession() as session:
        with pytest.raises(DrillRefused, match="answered HTTP 200"):
            await AlertmanagerPages(session, url, "taskmed").heard()
        with pytest.raises(DrillRefused, match="no Alertmanager answers"):
            await AlertmanagerPages(session, "http://127.0.0.1:1", "taskmed").heard()
