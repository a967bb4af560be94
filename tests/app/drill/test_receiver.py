"""The receiver of Alertmanager's webhooks."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from app.drill.receiver import Notification, Receiver

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _post(url: str, body: bytes) -> int:
    try:
        with _OPENER.open(urllib.request.Request(url, body, method="POST"), timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _message(status: str, **labels: str) -> bytes:
    alert = {"annotations": {"summary": "Clinic 7 fails 9 % of its requests"}}
    message: Mapping[str, Any] = {"status": status, "groupLabels": labels, "alerts": [alert]}
    return json.dumps(message).encode()


def test_a_delivery_is_kept_and_shown() -> None:
    """A posted message is kept in order, handed to the callback, and prints as one line."""
    shown: list[Notification] = []
    with Receiver(shown.append) as receiver:
        assert _post(f"{receiver.url}/page", _message("firing", tenant="7")) == 200
        delivery = receiver.await_delivery(lambda found: found.status == "firing", timeout_s=5)
    assert delivery is not None
    assert shown == [delivery] == list(receiver.deliveries)
    assert str(delivery) == "/page firing tenant=7: Clinic 7 fails 9 % of its requests"


def test_waiting_ends_when_time_is_up() -> None:
    """A message that never comes is None."""
    with Receiver() as receiver:
        assert receiver.await_delivery(lambda _: True, timeout_s=0.01) is None


@pytest.mark.parametrize("body", [b"not json", b"[1]"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    """Anything but a JSON object is answered 400 and not kept."""
    with Receiver() as receiver:
        assert _post(receiver.url, body) == 400
        assert receiver.deliveries == ()
