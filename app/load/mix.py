"""What clinics ask for: which clinic, which operation, which page, day and person.

Clinics differ in size by Zipf's law, a few are far busier than the rest. Reads outnumber
writes by about twenty to one. What an answer shows (ids, ETags) is what later requests ask
for, so details exist and updates carry the version they are based on.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

_KNOWN = 200
_OPEN_AT_ONCE = 12
_PRACTITIONERS = ("Dr A. Fischer", "Dr B. Okafor", "Dr C. Novak", "Dr D. Silva")
_SEARCHES = ("an", "ma", "jo", "el", "li", "ro", "smith", "maria", "ch", "be")
# A day's work at a front desk: the calendar first, then people, then the rest.
WEIGHTS: Mapping[str, int] = {
    "appointments.by_date": 30,
    "contacts.list": 14,
    "contacts.search": 6,
    "contacts.detail": 14,
    "appointments.list": 6,
    "appointments.detail": 6,
    "medical_records.list": 6,
    "medical_records.detail": 5,
    "analytics.dashboard": 5,
    "settings.current": 4,
    "contacts.update": 1,
    "contacts.create": 1,
    "appointments.create": 1,
    "medical_records.create": 1,
}


@dataclass(frozen=True, slots=True)
class LoadStep:
    """One request to send.

    Attributes:
        operation: A key of WEIGHTS.
        clinic: Whose user sends it.
        method: HTTP method.
        path: Path and query.
        headers: Besides the credentials.
        body: Encoded JSON, or None.
    """

    operation: str
    clinic: int
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def collection(self) -> str:
        return self.operation.partition(".")[0]


@dataclass(slots=True)
class Knowledge:
    """What the users of one clinic have seen.

    Attributes:
        ids: Ids by collection, the latest ones.
        versions: ETags of contacts by path, for updates.
    """

    ids: defaultdict[str, deque[int]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_KNOWN))
    )
    versions: dict[str, str] = field(default_factory=dict)


class Mix:
    """Draws requests.

    Args:
        clinics: Ids of the clinics, the busiest first.
        random: Source of every draw; seeded, the sequence can be repeated.
        exponent: Zipf's exponent; 0 makes all clinics alike.
        now: Today, as the users see it.
    """

    def __init__(
        self, clinics: Sequence[int], random: Random, *, exponent: float = 1.0, now: datetime | None = None
    ) -> None:
        self._clinics = clinics
        self._random = random
        self._now = now or datetime.now(UTC)
        self._shares = list(accumulate(1 / rank**exponent for rank in range(1, len(clinics) + 1)))
        self._operations = list(WEIGHTS)
        self._weights = list(accumulate(WEIGHTS.values()))
        self._known: defaultdict[int, Knowledge] = defaultdict(Knowledge)

    def next(self) -> LoadStep:
        """Draw the next request."""
        clinic = self._random.choices(self._clinics, cum_weights=self._shares)[0]
        operation = self._random.choices(self._operations, cum_weights=self._weights)[0]
        collection, _, action = operation.partition(".")
        if action == "create":
            return self._create(clinic, operation)
        if action == "update":
            return self._update(clinic, operation)
        if action == "detail":
            return self._detail(clinic, operation)
        return LoadStep(operation, clinic, "GET", self._reading(collection, action))

    def learn(self, step: LoadStep, body: bytes, etag: str | None) -> None:
        """Keep what an answer of 200 showed."""
        known = self._known[step.clinic]
        if step.operation == "contacts.detail" and etag:
            known.versions[step.path] = etag
        if step.operation.endswith((".list", ".by_date")) and len(known.ids[step.collection]) < _KNOWN:
            known.ids[step.collection].extend(item["id"] for item in json.loads(body)["items"])

    def _reading(self, collection: str, action: str) -> str:
        path = "/api/" + collection.replace("_", "-")
        match action:
            case "by_date":
                # Most of the calendar's users look at today, some at the days around it.
                day = self._now.date() + timedelta(days=round(self._random.gauss(0, 2)))
                return f"{path}?date={day}"
            case "search":
                return f"{path}?q={self._random.choice(_SEARCHES)}"
            case "list":
                return f"{path}?page={self._page()}"
            case "dashboard":
                return f"{path}/dashboard"
            case _:
                return path

    def _page(self) -> int:
        return min(1 + int(self._random.expovariate(1.0)), 5)

    def _recent(self, count: int) -> int:
        # A clinic works on the people of the day: the further down the list, the seldomer opened.
        return min(int(self._random.expovariate(1 / _OPEN_AT_ONCE)), count - 1)

    def _detail(self, clinic: int, operation: str) -> LoadStep:
        collection = operation.partition(".")[0]
        ids = self._known[clinic].ids[collection]
        if not ids:
            return LoadStep(f"{collection}.list", clinic, "GET", self._reading(collection, "list"))
        return LoadStep(operation, clinic, "GET", self._path_of(collection, ids[self._recent(len(ids))]))

    def _update(self, clinic: int, operation: str) -> LoadStep:
        versions = self._known[clinic].versions
        if not versions:
            return self._detail(clinic, "contacts.detail")
        path = self._random.choice(list(versions))
        headers = {"If-Match": versions.pop(path), "Content-Type": "application/merge-patch+json"}
        body = {"notes": f"Called back on {self._now.date()}, case {self._random.randrange(10_000)}."}
        return LoadStep(operation, clinic, "PATCH", path, headers, _encoded(body))

    def _create(self, clinic: int, operation: str) -> LoadStep:
        collection = operation.partition(".")[0]
        contacts = self._known[clinic].ids["contacts"]
        if collection != "contacts" and not contacts:
            return LoadStep("contacts.list", clinic, "GET", self._reading("contacts", "list"))
        new = {
            "contacts": self._new_contact,
            "appointments": self._new_appointment,
            "medical_records": self._new_record,
        }
        body = new[collection](contacts)
        headers = {"Content-Type": "application/json"}
        return LoadStep(operation, clinic, "POST", self._reading(collection, ""), headers, _encoded(body))

    def _new_contact(self, _: Sequence[int]) -> dict[str, Any]:
        number = self._random.randrange(1_000_000)
        return {"name": f"Walk-in {number:06}", "phone": f"+44 20 7{number:06}", "notes": "Came in today."}

    def _new_appointment(self, contacts: Sequence[int]) -> dict[str, Any]:
        day = self._now.replace(hour=8, minute=0, second=0, microsecond=0)
        starts = day + timedelta(days=self._random.randrange(1, 300), minutes=5 * self._random.randrange(100))
        return {
            "contactId": self._random.choice(contacts),
            "practitioner": self._random.choice(_PRACTITIONERS),
            "startsAt": starts.isoformat(),
            "endsAt": (starts + timedelta(minutes=20)).isoformat(),
            "reason": "Follow-up",
        }

    def _new_record(self, contacts: Sequence[int]) -> dict[str, Any]:
        return {
            "contactId": self._random.choice(contacts),
            "kind": "consultation",
            "title": "Routine consultation",
            "body": "No complaints.",
            "practitioner": self._random.choice(_PRACTITIONERS),
            "recordedAt": self._now.isoformat(),
        }

    def _path_of(self, collection: str, number: int) -> str:
        return f"{self._reading(collection, '')}/{number}"


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
