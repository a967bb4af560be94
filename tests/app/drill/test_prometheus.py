"""What a drill reads from Prometheus."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from app.drill.fault_switch import DrillRefused
from app.drill.prometheus import Prometheus
from tests.app.drill.answers import answering


def _values(**by_word: float) -> Any:
    """Answer queries that hold a word with its value, others with no sample."""

    def answer(request: web.Request) -> Any:
        found = [value for word, value in by_word.items() if word in request.query["query"]]
        return {"data": {"result": [{"value": [0, str(found[0])]}] if found else []}}

    return answer


async def test_a_value_or_none() -> None:
    """The first series' value as a number; nothing where there is no sample."""
    async with answering({"/api/v1/query": _values(up=1)}) as url, aiohttp.ClientSession() as session:
        prometheus = Prometheus(session, f"{url}/", "taskmed")
        assert await prometheus.value("up") == 1.0
        assert await prometheus.value("down") is None


@pytest.mark.parametrize(
    ("series", "fires", "calm"),
    [
        ({"http_requests": 5.0}, False, True),
        ({"http_requests": 0.0}, False, False),
        ({"ALERTS": 2.0, "http_requests": 5.0}, True, False),
        ({}, False, False),
    ],
)
async def test_alerts_and_calm(series: dict[str, float], fires: bool, calm: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Calm is traffic that is counted and no page firing or pending."""
    async with answering({"/api/v1/query": _values(**series)}) as url, aiohttp.ClientSession() as session:
        prometheus = Prometheus(session, url, "taskmed")
        assert (await prometheus.fires("Slow"), await prometheus.is_calm()) == (fires, calm)


async def test_its_rules_and_its_alertmanager() -> None:
    """The names of the alerts it can raise, and whether it has somebody to send them to."""
    answers = {
        "/api/v1/rules": {"data": {"groups": [{"rules": [{"name": "A"}, {"name": "B"}]}]}},
        "/api/v1/alertmanagers": {"data": {"activeAlertmanagers": []}},
    }
    async with answering(answers) as url, aiohttp.ClientSession() as session:
        prometheus = Prometheus(session, url, "taskmed")
        assert await prometheus.alerts() == {"A", "B"}
        assert not await prometheus.has_alertmanager()


async def test_what_is_no_prometheus_is_refused() -> None:
    """By its address, whatever answers there or nothing at all."""
    async with answering({"/api/v1/query": {"status": "error"}}) as url, aiohttp.ClientSession() as session:
        with pytest.raises(DrillRefused, match="answered HTTP 200"):
            await Prometheus(session, url, "taskmed").value("up")
        with pytest.raises(DrillRefused, match="no Prometheus answers"):
            await Prometheus(session, "http://127.0.0.1:1", "taskmed").value("up")
