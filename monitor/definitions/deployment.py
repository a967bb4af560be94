"""What the definitions are written for: one service, its links and its pace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.definitions.dashboards.panel import Row
from monitor.definitions.placeholders import filled
from monitor.definitions.receivers import Environment, development
from monitor.errors import ConfigurationError
from monitor.objectives import Objectives
from monitor.tenancy.naming import TenantNaming

# Where an operator sets what a runbook speaks of, for a service that says nothing else.
_SETTINGS: Mapping[str, str] = {
    "access_log": "MonitorSettings.access_log",
    "log_level": "MonitorSettings.log_level",
    "pool_size": "PoolSettings.size",
    "sampling_ratio": "MonitorSettings.sampling_ratio",
    "tenant_budget": "MonitorSettings.tenant_budget",
}
_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,23}\Z")
_ALERT_PREFIX = re.compile(r"([A-Z][A-Za-z0-9]*)?\Z")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


def duration(seconds: float) -> str:
    """Write `seconds` as a Prometheus duration, such as `1h30m`; to the millisecond."""
    left = round(seconds * 1_000)
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The service that the rules, routes and dashboards are written for.

    Attributes:
        job: Its Prometheus job; every rule selects it and every alert carries it.
        title: Its name on pages and dashboards.
        prefix: Begins what must be this service's alone in a shared Prometheus and Grafana: uids and
            tags of dashboards, names of groups and of message templates. Empty: the job.
        alert_prefix: Begins the names of alerts; None: the prefix in CamelCase.
        naming: What the service calls its tenants.
        domains: Its cached domains.
        objectives: Its promises.
        environments: Who hears what, where.
        rows: Rows of panels of the service's own, on a dashboard of their own.
        settings: Where its operators set what runbooks speak of, where that is not the kit's own name.
        pace: Factor on every window and waiting time. 1 in production; a small one
            lets a test see the same rules fire within seconds.
        floor_s: Least duration after the pace: no window may be shorter than two scrapes.
        evaluation_s: How often Prometheus evaluates rules; only the unhurried groups name it.
        grafana_url: Base address of the links to dashboards.
        runbooks_url: Base address of the links to runbooks.
    """

    job: str = "service"
    title: str = "Service"
    prefix: str = ""
    alert_prefix: str | None = None
    naming: TenantNaming = field(default_factory=TenantNaming)
    domains: tuple[str, ...] = ()
    objectives: Objectives = field(default_factory=Objectives)
    environments: tuple[Environment, ...] = (development(),)
    rows: tuple[Row, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    pace: float = 1.0
    floor_s: float = 0.0
    grafana_url: str = "http://localhost:3000"
    runbooks_url: str = "https://runbooks.example"

    def __post_init__(self) -> None:
        if not _PREFIX.match(self.slug):
            raise ConfigurationError(
                "definitions prefix",
                f"{self.slug!r} must be up to 24 lower-case letters, digits and dashes",
            )
        if not _ALERT_PREFIX.match(self.alert_name("")):
            raise ConfigurationError("alert prefix", "must be letters and digits in CamelCase")
        unknown = sorted(set(self.settings) - set(_SETTINGS))
        if unknown:
            raise ConfigurationError("definitions settings", f"{unknown[0]!r} is none of {sorted(_SETTINGS)}")

    @property
    def slug(self) -> str:
        """What begins uids, tags, groups and templates."""
        return self.prefix or re.sub("[^a-z0-9]+", "-", self.job.lower()).strip("-")

    def alert_name(self, name: str) -> str:
        """Return an alert's name as this service's Prometheus knows it."""
        if self.alert_prefix is not None:
            return f"{self.alert_prefix}{name}"
        return f"{''.join(part.capitalize() for part in self.slug.split('-'))}{name}"

    def uid(self, board: str) -> str:
        """Return the uid of a dashboard; links hold it, so a service never changes its prefix."""
        return f"{self.slug}-{board}"

    def filled(self, value: Any) -> Any:
        """Fill in the placeholders of a text, or of a document of texts."""
        return filled(value, self._words())

    def _words(self) -> dict[str, str]:
        naming, objectives = self.naming, self.objectives
        return {
            **_SETTINGS,
            **self.settings,
            "prefix": self.slug,
            "PREFIX": self.slug.upper().replace("-", "_"),
            "job": self.job,
            "title": self.title,
            "domain": self.domains[0] if self.domains else "DOMAIN",
            "tenant": naming.singular,
            "tenants": naming.plural,
            "Tenant": naming.heading,
            "Tenants": naming.headings,
            "a tenant": naming.a_tenant,
            "A tenant": naming.a_tenant[0].upper() + naming.a_tenant[1:],
            "latency": f"{objectives.latency_mean.bound:g}",
            "latency_ms": f"{objectives.latency_mean.bound * 1_000:g}",
            "slow": f"{objectives.latency.latency_bound_s or 0:g}",
            "slow_ms": f"{(objectives.latency.latency_bound_s or 0) * 1_000:g}",
            "errors": f"{objectives.error_ratio.bound:g}",
            "hits": f"{objectives.hit_ratio.bound:g}",
            "failing": _share_in_words(objectives.error_ratio.bound),
            "at_once": _in_words(objectives.limits.tenants_at_once),
        }

    def span(self, seconds: float) -> str:
        """Write a nominal time at this deployment's pace, as a Prometheus duration."""
        return duration(max(seconds * self.pace, self.floor_s)) if seconds else "0s"

    def per_window(self, seconds: float) -> float:
        """Return the seconds that a nominal window really lasts, for counts made from rates."""
        return max(seconds * self.pace, self.floor_s)


def _in_words(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _share_in_words(share: float) -> str:
    """Write a share as people say it: `one request in twenty`, or `7 % of the requests`."""
    known = {0.5: "two", 0.2: "five", 0.1: "ten", 0.05: "twenty", 0.02: "fifty", 0.01: "a hundred"}
    return f"one request in {known[share]}" if share in known else f"{share * 100:g} % of the requests"
