"""Withdrawn tokens are refused for as long as one can be left, and no longer remembered than that."""

from __future__ import annotations

import pytest

from app.standing.book import Order, OrderKind
from app.standing.revocations import Revocations
from monitor.testing.fakes import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that a test moves."""
    return ManualClock()


def order(clock: ManualClock, kind: OrderKind, subject: str, clinic: int | None = 1) -> Order:
    now = clock.time()
    return Order(1, kind, clinic, subject, "", now, now + 60)


def withdrawn(revocations: Revocations, **token: object) -> bool:
    told = {"clinic": 1, "user": "u", "token_id": "t", "issued_at": 0.0, **token}
    return revocations.withdrawn(**told)  # type: ignore[arg-type]


def test_a_user_keeps_what_is_made_later(clock: ManualClock) -> None:
    """Tokens from up to the order are refused, those from after it are not; a token without a time is old."""
    revocations = Revocations(clock.time)
    revocations.take(order(clock, OrderKind.USER, "u"))
    now = clock.time()

    judged = [withdrawn(revocations, issued_at=at) for at in (0.0, now - 1, now, now + 1)]

    assert [True, True, True, False] == judged
    assert not withdrawn(revocations, user="another")
    assert not withdrawn(revocations, clinic=2)
    assert not withdrawn(revocations, clinic=None)


def test_a_token_is_withdrawn_in_its_clinic_alone(clock: ManualClock) -> None:
    """An id means one clinic's token, or an operator's, and nobody else's."""
    revocations = Revocations(clock.time)
    revocations.take(order(clock, OrderKind.TOKEN, "t"))

    assert [True, False, False] == [withdrawn(revocations, clinic=clinic) for clinic in (1, 2, None)]
    assert not withdrawn(revocations, token_id="another")


def test_whoever_remembers_tokens_is_told(clock: ManualClock) -> None:
    """Each order about tokens is told on, one about anything else is not."""
    revocations, told = Revocations(clock.time), list[int]()
    revocations.listen(lambda: told.append(1))

    for kind in OrderKind:
        revocations.take(order(clock, kind, "t"))

    assert 2 == len(told)


def test_what_has_ended_is_forgotten(clock: ManualClock) -> None:
    """After its end an order takes no memory, once another one comes."""
    revocations = Revocations(clock.time)
    revocations.take(order(clock, OrderKind.TOKEN, "t"))
    revocations.take(order(clock, OrderKind.USER, "u", clinic=2))
    clock.advance(61)
    revocations.take(order(clock, OrderKind.TOKEN, "another"))

    assert not withdrawn(revocations)
    assert not withdrawn(revocations, clinic=2)
    assert withdrawn(revocations, token_id="another")
