"""What a drill asks of Prometheus."""

from __future__ import annotations

from typing import Any

import aiohttp

from app.drill.fault_switch import DrillRefused
from monitor.definitions import recorded

_TIMEOUT_S = 10.0


class Prometheus:
    """Asks a running Prometheus.

    Args:
        session: The HTTP client.
        url: Its address.
        job: The service's job; alerts of other jobs are not looked at.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, job: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._job = job

    async def value(self, expr: str) -> float | None:
        """Return the value of a query, of its first series; None where there is no sample.

        Raises:
            DrillRefused: Prometheus does not answer, or does not take the query.
        """
        result = (await self._get("/api/v1/query", query=expr))["result"]
        return float(result[0]["value"][1]) if result else None

    async def fires(self, alert: str) -> bool:
        """Say whether the alert fires, for whomever."""
        chosen = f'alertname="{alert}", alertstate="firing", job="{self._job}"'
        return await self.value(f"count(ALERTS{{{chosen}}})") is not None

    async def is_calm(self) -> bool:
        """Say whether no page fires or is about to, and the service's requests are counted."""
        chosen = f'severity="page", job="{self._job}"'
        requests = await self.value(f'{recorded.REQUESTS}{{job="{self._job}"}}')
        return bool(requests) and await self.value(f"count(ALERTS{{{chosen}}})") is None

    async def has_alertmanager(self) -> bool:
        """Say whether it knows an Alertmanager to send to."""
        return bool((await self._get("/api/v1/alertmanagers"))["activeAlertmanagers"])

    async def alerts(self) -> set[str]:
        """Return the names of the alerts that its rules can raise."""
        groups = (await self._get("/api/v1/rules", type="alert"))["groups"]
        return {rule["name"] for group in groups for rule in group["rules"]}

    async def _get(self, path: str, **query: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._session.get(self._url + path, params=query, timeout=timeout) as answer:
                body = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DrillRefused(f"no Prometheus answers at {self._url}: {type(error).__name__}") from None
        if not isinstance(body, dict) or "data" not in body:
            raise DrillRefused(f"Prometheus at {self._url} answered HTTP {answer.status}")
        return body["data"]
