"""What clinics ask for."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from random import Random

from app.load.mix import WEIGHTS, LoadStep, Mix

_NOW = datetime(2025, 6, 17, 9, 30, tzinfo=UTC)
_CLINICS = list(range(1, 21))


def _mix(seed: int = 1, exponent: float = 1.0) -> Mix:
    return Mix(_CLINICS, Random(seed), exponent=exponent, now=_NOW)


def _shown(operation: str, *ids: int) -> bytes:
    return json.dumps({"items": [{"id": number} for number in ids]}).encode()


def test_the_same_seed_gives_the_same_requests() -> None:
    """A run can be repeated request by request."""
    one, other = _mix(5), _mix(5)
    assert [one.next() for _ in range(200)] == [other.next() for _ in range(200)]


def test_clinics_follow_zipfs_law() -> None:
    """The busiest clinic asks about twice as often as the second and ten times as often as the tenth."""
    mix = _mix()
    asked = Counter(mix.next().clinic for _ in range(20_000))
    assert 1.8 < asked[1] / asked[2] < 2.2
    assert 8 < asked[1] / asked[10] < 12
    assert set(asked) == set(_CLINICS)


def test_an_exponent_of_zero_makes_clinics_alike() -> None:
    """Without Zipf's law every clinic asks about as often."""
    mix = _mix(exponent=0.0)
    asked = Counter(mix.next().clinic for _ in range(20_000))
    assert max(asked.values()) / min(asked.values()) < 1.25


def test_nothing_unknown_is_asked_for() -> None:
    """Before a list was seen, no detail, update or dependent create is drawn: their lists are."""
    mix = _mix()
    for _ in range(2_000):
        step = mix.next()
        assert step.method == "GET" or step.operation == "contacts.create"
        assert not step.operation.endswith((".detail", ".update"))


def test_details_and_updates_follow_what_answers_showed() -> None:
    """Ids come from lists; an update carries the version that a detail showed, and uses it once."""
    mix = Mix([7], Random(2), now=_NOW)
    mix.learn(LoadStep("contacts.list", 7, "GET", "/api/contacts?page=1"), _shown("contacts.list", 41), None)
    mix.learn(LoadStep("contacts.detail", 7, "GET", "/api/contacts/41"), b"{}", '"v1"')

    steps = [mix.next() for _ in range(3_000)]

    updates = [step for step in steps if step.operation == "contacts.update"]
    assert [(step.path, step.headers["If-Match"]) for step in updates] == [("/api/contacts/41", '"v1"')]
    details = {step.path for step in steps if step.operation == "contacts.detail"}
    assert details == {"/api/contacts/41"}


def test_every_operation_of_the_table_is_drawn_about_as_often_as_it_says() -> None:
    """Once something is known of each collection, the shares are those of the table."""
    mix = Mix([7], Random(3), now=_NOW)
    for collection in ("contacts", "appointments", "medical_records"):
        mix.learn(LoadStep(f"{collection}.list", 7, "GET", "/"), _shown(collection, 1, 2, 3), None)
    drawn: Counter[str] = Counter()
    for _ in range(30_000):
        step = mix.next()
        drawn[step.operation] += 1
        if step.operation == "contacts.detail":
            mix.learn(step, b"{}", '"v1"')
    assert set(drawn) == set(WEIGHTS)
    share = drawn["appointments.by_date"] / drawn.total()
    assert abs(share - WEIGHTS["appointments.by_date"] / sum(WEIGHTS.values())) < 0.01


def test_new_appointments_lie_ahead_and_end_after_they_start() -> None:
    """A created appointment is valid by the service's own rules."""
    mix = Mix([7], Random(4), now=_NOW)
    mix.learn(LoadStep("contacts.list", 7, "GET", "/"), _shown("contacts", 5), None)
    bodies = [
        step.body for step in (mix.next() for _ in range(5_000)) if step.operation == "appointments.create"
    ]
    assert bodies
    for body in bodies:
        assert body is not None
        content = json.loads(body)
        assert _NOW < datetime.fromisoformat(content["startsAt"]) < datetime.fromisoformat(content["endsAt"])
        assert content["contactId"] == 5
