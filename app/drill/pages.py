"""What Alertmanager told people: heard at a receiver, or read from Alertmanager itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import aiohttp

from app.drill.fault_switch import DrillRefused
from app.drill.receiver import Notification, Receiver

_TIMEOUT_S = 10.0
# Receivers that wake somebody; each receiver of the written configurations is a path of its name.
_QUIET = ("/ticket", "/info", "/watchdog")
FIRING, RESOLVED = "firing", "resolved"


class MessageSource(Protocol):
    """Where a drill learns of messages."""

    async def heard(self) -> Sequence[Notification]:
        """Return every message so far, in order."""
        ...


class ReceivedPages:
    """The messages that our own receiver was sent.

    Args:
        receiver: The receiver.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def heard(self) -> Sequence[Notification]:
        return self._receiver.deliveries


class AlertmanagerPages:
    """What a running Alertmanager holds for its receivers, neither muted nor silenced.

    Its API does not tell when a message was sent, so the waiting of groups is not in these times.

    Args:
        session: The HTTP client.
        url: Its address.
        job: Whose alerts to read.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, job: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._job = job
        self._held: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._heard: list[Notification] = []

    async def heard(self) -> Sequence[Notification]:
        """Return every change so far as if each were a message of its own.

        Raises:
            DrillRefused: Alertmanager does not answer.
        """
        held = {
            (f"/{receiver['name']}", alert["fingerprint"]): alert
            for alert in await self._alerts()
            if alert["status"]["state"] == "active"
            for receiver in alert["receivers"]
        }
        for key, alert in held.items():
            if key not in self._held:
                self._note(key[0], FIRING, alert)
        for key, alert in self._held.items():
            if key not in held:
                self._note(key[0], RESOLVED, alert)
        self._held = held
        return self._heard

    def _note(self, path: str, status: str, alert: Mapping[str, Any]) -> None:
        one = {"labels": alert["labels"], "annotations": alert["annotations"], "status": status}
        self._heard.append(Notification(path, {"status": status, "groupLabels": {}, "alerts": [one]}))

    async def _alerts(self) -> list[Any]:
        query = {"filter": f'job="{self._job}"'}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._session.get(
                f"{self._url}/api/v2/alerts", params=query, timeout=timeout
            ) as answer:
                found = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DrillRefused(f"no Alertmanager answers at {self._url}: {type(error).__name__}") from None
        if not isinstance(found, list):
            raise DrillRefused(f"Alertmanager at {self._url} answered HTTP {answer.status}")
        return found


def names(delivery: Notification, status: str) -> set[str]:
    """Return the names of the alerts that a message tells of in that state."""
    return {one["labels"]["alertname"] for one in delivery.alerts if one["status"] == status}


def tells(delivery: Notification, path: str, alert: str, status: str) -> bool:
    """Say whether a message to a receiver is about an alert in that state."""
    return delivery.path == path and alert in names(delivery, status)


def false_pages(deliveries: Sequence[Notification], path: str, alert: str) -> list[str]:
    """Return what woke somebody in vain: pages of other alerts, and the expected one's repetitions.

    Args:
        deliveries: What came in one round.
        path: The receiver that was to hear of the fault.
        alert: The alert that was to tell of it.
    """
    wrong = []
    expected = [(path, FIRING)]
    for delivery in deliveries:
        if delivery.path in _QUIET or delivery.status != FIRING:
            continue
        fired = names(delivery, FIRING)
        if fired == {alert} and (delivery.path, FIRING) in expected:
            expected.remove((delivery.path, FIRING))
        else:
            wrong.append(f"{delivery.path} {', '.join(sorted(fired))}")
    return wrong
