"""Failed sign-ins of an address are bounded, each address by itself, in bounded memory."""

from __future__ import annotations

from typing import Any

import pytest

from app import refusals as module
from app.refusals import Refusals
from monitor.errors import AuthenticationError
from monitor.testing.fakes import ManualClock

FORGED = AuthenticationError("forged")


def asked_from(address: str | None) -> dict[str, Any]:
    client = None if address is None else (address, 1)
    return {"type": "http", "path": "/", "headers": [], "client": client}


def statuses(refusals: Refusals, address: str | None, times: int) -> list[int]:
    return [refusals(asked_from(address), FORGED).status_code for _ in range(times)]


def test_an_address_is_told_to_wait_and_may_try_again() -> None:
    """Sixty tries at once, then one for each second that passes."""
    clock = ManualClock()
    refusals = Refusals(clock)

    at_once = statuses(refusals, "192.0.2.1", 62)
    clock.advance(2)
    later = statuses(refusals, "192.0.2.1", 3)

    assert [401] * 60 + [429] * 2 == at_once
    assert [401, 401, 429] == later


def test_addresses_are_bounded_apart() -> None:
    """Who guesses from one address slows nobody at another one, nor those whose address is not known."""
    refusals = Refusals(ManualClock())
    statuses(refusals, "192.0.2.1", 100)

    assert [401] == statuses(refusals, "192.0.2.2", 1)
    assert [401] == statuses(refusals, None, 1)


def test_a_request_without_credentials_is_no_try() -> None:
    """A browser that has no token yet may ask as often as it likes."""
    refusals = Refusals(ManualClock())
    answers = [refusals(asked_from("192.0.2.1"), AuthenticationError("missing")) for _ in range(100)]

    assert {401} == {answer.status_code for answer in answers}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses by the million take no more memory than the last of them."""
    monkeypatch.setattr(module, "_ADDRESSES", 10)
    refusals = Refusals(ManualClock())
    statuses(refusals, "192.0.2.1", 100)
    for number in range(11):
        statuses(refusals, f"198.51.100.{number}", 1)

    assert [401] == statuses(refusals, "192.0.2.1", 1)
