"""Rules as values, and the documents that Prometheus reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monitor.definitions.deployment import Deployment


class Severity(StrEnum):
    """What an alert asks of people; the label `severity`."""

    PAGE = "page"  # somebody gets up now
    TICKET = "ticket"  # somebody looks within the working day
    INFO = "info"  # worth knowing, nothing to do
    NONE = "none"  # for machines: the watchdog


class Concern(StrEnum):
    """What is wrong, whoever noticed it; the label `concern`, by which pages are grouped."""

    PRESENCE = "presence"
    ERRORS = "errors"
    LATENCY = "latency"
    HIT_RATIO = "hit_ratio"
    CONSISTENCY = "consistency"
    CACHE = "cache"
    DATABASE = "database"
    PROCESS = "process"
    TELEMETRY = "telemetry"


class Board(StrEnum):
    """A dashboard: its file's name, and its uid after the service's prefix."""

    SERVICE = "service"
    TENANTS = "tenants"
    CACHE = "cache"
    DATABASE = "database"
    RUNTIME = "runtime"
    CAPACITY = "capacity"
    OWN = "own"


TENANT = "{{ $labels.tenant }}"
INSTANCE = "{{ $labels.instance }}"


def value_as(template_filter: str) -> str:
    """Show the alert's value in a template, such as `humanizePercentage`."""
    return f"{{{{ $value | {template_filter} }}}}"


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """A series computed ahead, named `level:metric:operation`."""

    record: str
    expr: str

    def document(self) -> dict[str, Any]:
        return {"record": self.record, "expr": self.expr}


@dataclass(frozen=True, slots=True)
class Worst:
    """The tenants behind a service's alert, as the page names them.

    Attributes:
        query: A query with a series for each of them, the worst first.
        value: Template filter of their values.
    """

    query: str
    value: str

    @property
    def template(self) -> str:
        item = f"{{{{ $it.Labels.tenant }}}} ({{{{ $it.Value | {self.value} }}}})"
        comma = "{{ if $i }}, {{ end }}"
        return f"{{{{ range $i, $it := query `{self.query}` }}}}{comma}{item}{{{{ end }}}}"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert and everything a page says about it.

    Attributes:
        name: CamelCase, without the severity and without the service's prefix.
        expr: What must hold.
        severity: What it asks of people.
        concern: What is wrong.
        meaning: One sentence, for whoever has never seen it.
        summary: The headline, with the template's `$labels` and `$value`.
        value: Template filter of the value, such as `humanizePercentage`; empty: no value.
        threshold: The bound as text.
        normal: The normal range as text.
        board: The dashboard to open.
        panel: The panel of it that shows the value.
        for_s: Nominal time it must hold.
        keep_firing_s: Nominal time it stays after it no longer holds.
        labels: Labels beyond severity and concern.
        worst: Which tenants to name.
        guard: When it stays silent although the threshold is crossed, as text.
    """

    name: str
    expr: str
    severity: Severity
    concern: Concern
    meaning: str
    summary: str
    value: str
    threshold: str
    normal: str
    board: Board
    panel: str
    for_s: float = 0.0
    keep_firing_s: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    worst: Worst | None = None
    guard: str = ""

    def document(self, deployment: Deployment) -> dict[str, Any]:
        """Return the rule as Prometheus reads it."""
        document: dict[str, Any] = {"alert": deployment.alert_name(self.name), "expr": self.expr}
        if self.for_s:
            document["for"] = deployment.span(self.for_s)
        if self.keep_firing_s:
            document["keep_firing_for"] = deployment.span(self.keep_firing_s)
        labels = {"severity": self.severity.value, "concern": self.concern.value, **self.labels}
        return document | {"labels": labels, "annotations": self._annotations(deployment)}

    def _annotations(self, deployment: Deployment) -> dict[str, str]:
        texts = {
            "summary": self.summary,
            "description": self.meaning,
            "value": value_as(self.value) if self.value else "",
            "threshold": self.threshold,
            "normal": self.normal,
            "worst": self.worst.template if self.worst else "",
            "runbook_url": f"{deployment.runbooks_url}/{self.name}.md",
            "dashboard_url": self._dashboard_url(deployment),
        }
        return {name: text for name, text in texts.items() if text}

    def _dashboard_url(self, deployment: Deployment) -> str:
        url = f"{deployment.grafana_url}/d/{deployment.uid(self.board)}?var-job={deployment.job}"
        return f"{url}&var-tenant={TENANT}" if TENANT in self.summary else url


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules evaluated one after the other; a source stands before what it inhibits.

    Attributes:
        name: The group's name, after the service's prefix.
        rules: Its rules in order.
        interval_s: Nominal time between evaluations; None: Prometheus' own.
    """

    name: str
    rules: tuple[RecordingRule | AlertRule, ...]
    interval_s: float | None = None

    @property
    def alerts(self) -> tuple[AlertRule, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, AlertRule))

    def document(self, deployment: Deployment) -> dict[str, Any]:
        document: dict[str, Any] = {"name": f"{deployment.slug}-{self.name}"}
        if self.interval_s is not None:
            document["interval"] = deployment.span(self.interval_s)
        rules = [
            rule.document(deployment) if isinstance(rule, AlertRule) else rule.document()
            for rule in self.rules
        ]
        return document | {"rules": rules}


def rule_file(groups: tuple[RuleGroup, ...], deployment: Deployment) -> dict[str, Any]:
    """Return the document of one rule file."""
    return {"groups": [group.document(deployment) for group in groups]}
