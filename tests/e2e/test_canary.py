"""No patient data in any telemetry: what goes in as a patient's comes out nowhere but in the answers."""

from __future__ import annotations

import io
import json
from urllib.parse import quote

import pytest
import redis

from app.main import create_app
from app.migrations import upgrade
from tests.app.service import KEY_TEXT, Service, appointment, config_of, contact, record, set_up_clinics
from tests.monitor.tracing.receiver import OtlpReceiver, otlp_receiver

# Made-up words, so that none of them can come from anywhere else; each stands for a patient's own.
NAME, MAIL, PHONE = "Zebulon Quillfeather", "zq-canary@quillfeather.example", "+351 999 000 777"
NOTE = "quillfeather tells of zq-canary pains"
CANARIES = ("quillfeather", "zq-canary", "zebulon", "999 000 777", "%2B351")


def leaks(text: str) -> list[str]:
    """Return the canaries that a text holds."""
    return [canary for canary in CANARIES if canary in text.lower()]


async def live_through(service: Service) -> list[str]:
    """Put a patient through every door there is; return the answers that must not repeat what was sent."""
    staff, refused = service.staff, []
    person = contact(name=NAME, email=MAIL, phone=PHONE, notes=NOTE)
    made = await staff.post("/api/contacts", person)
    number = made.json()["id"]
    assert made.status_code == 201
    entry = record(number, title=NOTE, practitioner=NAME)
    visit = appointment(number, practitioner=NAME)
    assert (await staff.post("/api/medical-records", entry)).status_code == 201
    assert (await staff.post("/api/appointments", visit)).status_code == 201
    for path in (f"/api/contacts/{number}", f"/api/contacts?q={quote(NAME)}", "/api/medical-records"):
        for _ in range(2):
            answer = await staff.get(path)
            assert answer.status_code == 200
            assert leaks(answer.text)
    agent = {"User-Agent": NAME, "X-Patient": MAIL, "Baggage": f"patient={quote(NAME)}", "Referer": MAIL}
    for method, path, body in (
        ("GET", f"/api/{quote(NAME)}", None),
        ("GET", f"/api/contacts/{quote(NAME)}", None),
        ("GET", f"/api/contacts?page={quote(NAME)}", None),
        ("GET", f"/api/appointments?date={quote(MAIL)}", None),
        ("PUT", "/api/contacts", person),
        ("POST", "/api/contacts", {**person, "patient": NAME}),
        ("POST", "/api/contacts", contact(name=NAME * 100, email=NAME)),
        ("POST", "/api/medical-records", {**entry, "kind": NAME}),
    ):
        answer = await staff.ask(method, path, body, headers=agent)
        assert 400 <= answer.status_code < 500
        refused.append(answer.text)
    raw = await staff.ask(
        "POST", "/api/contacts", content=NOTE.encode(), headers={"Content-Type": "application/json"}
    )
    strange = await service.stranger.ask(
        "GET", "/api/contacts", headers={"Authorization": f"Bearer {quote(NAME)}"}
    )
    return [*refused, raw.text, strange.text]


@pytest.mark.parametrize("ratio", ["0", "1"], ids=["unsampled", "sampled"])
async def test_no_canary_is_found_in_any_telemetry(sqlite_url: str, redis_url: str, ratio: str) -> None:
    """Spans, logs, metrics, traces shown, health, problems, and the keys and bytes in Redis are clean."""
    await upgrade(sqlite_url)
    await set_up_clinics(sqlite_url)
    with redis.Redis.from_url(redis_url) as store:
        store.flushall()
    log = io.BytesIO()
    with otlp_receiver() as receiver:
        config = config_of(
            sqlite_url,
            CACHE_URL=redis_url,
            TASKMED_SEALING_KEYS=KEY_TEXT,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
            TASKMED_SAMPLING_RATIO=ratio,
            TASKMED_LOG_LEVEL="debug",
        )
        app = create_app(config, stream=log)
        async with app.router.lifespan_context(app):
            service = Service(app)
            refused = await live_through(service)
            shown = [
                (await service.operator.get(path)).text
                for path in ("/metrics", "/api/metrics", "/api/traces?limit=1000", "/api/health")
            ]
            told = [*refused, *shown]
        told.append(log.getvalue().decode())
        told += exported(receiver)
    with redis.Redis.from_url(redis_url, decode_responses=True, encoding="latin-1") as store:
        told += stored(store)

    assert [leaks(text) for text in told] == [[]] * len(told)
    assert len(json.loads(shown[2])["traces"]) > 15
    assert len(receiver.spans) > 30 or ratio == "0"
    assert len(log.getvalue().splitlines()) > 15


def exported(receiver: OtlpReceiver) -> list[str]:
    return [str(message) for message in receiver.messages]


def stored(store: redis.Redis) -> list[str]:
    """Return every key and every value that lies in Redis."""
    keys = [str(key) for key in store.scan_iter(count=1_000)]
    assert keys
    return [part for key in keys for part in (key, str(store.get(key)))]
