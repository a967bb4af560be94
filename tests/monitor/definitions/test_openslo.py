"""The OpenSLO document has the specification's fields, and the objectives' numbers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml

from app.definitions import DEPLOYMENT as CLINICS
from monitor.definitions.deployment import Deployment
from monitor.definitions.openslo import openslo, shorthand
from tests.binaries import need
from tests.monitor.definitions.bookings import DEPLOYMENT as BOOKINGS

# The fields of OpenSLO v1 (github.com/OpenSLO/OpenSLO, its README), as far as the document uses them.
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Span = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]*[mhdwMQY]$")]
Text = Annotated[str, msgspec.Meta(max_length=1050)]


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Takes no field that it does not name."""


class Metadata(Strict):
    name: Name
    display_name: str = ""


class Source(Strict):
    metric_source_ref: str
    type: str
    spec: dict[str, str]


class Metric(Strict):
    metric_source: Source


class Ratio(Strict):
    counter: bool
    total: Metric
    good: Metric | None = None
    bad: Metric | None = None

    def __post_init__(self) -> None:
        if (self.good is None) == (self.bad is None):
            raise ValueError("either good or bad")


class IndicatorSpec(Strict):
    ratio_metric: Ratio


class Indicator(Strict):
    metadata: Metadata
    spec: IndicatorSpec


class Window(Strict):
    duration: Span
    is_rolling: bool


class Objective(Strict):
    target: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    display_name: str = ""


class Burn(Strict):
    kind: Literal["burnrate"]
    threshold: float
    lookback_window: Span
    alert_after: Span


class ConditionSpec(Strict):
    severity: str
    condition: Burn
    description: Text = ""


class Condition(Strict):
    kind: Literal["AlertCondition"]
    metadata: Metadata
    spec: ConditionSpec


class TargetRef(Strict):
    target_ref: Name


class PolicySpec(Strict):
    alert_when_breaching: bool
    alert_when_resolved: bool
    alert_when_no_data: bool
    conditions: Annotated[list[Condition], msgspec.Meta(min_length=1, max_length=1)]
    notification_targets: Annotated[list[TargetRef], msgspec.Meta(min_length=1)]


class Policy(Strict):
    kind: Literal["AlertPolicy"]
    metadata: Metadata
    spec: PolicySpec


class SloSpec(Strict):
    service: Name
    indicator: Indicator
    time_window: Annotated[list[Window], msgspec.Meta(min_length=1, max_length=1)]
    budgeting_method: Literal["Occurrences", "Timeslices"]
    objectives: Annotated[list[Objective], msgspec.Meta(min_length=1)]
    alert_policies: list[Policy]
    description: Text = ""


class ServiceSpec(Strict):
    description: Text = ""


class DataSourceSpec(Strict):
    type: str
    connection_details: dict[str, Any]


class TargetSpec(Strict):
    target: str
    description: Text = ""


class Head(msgspec.Struct, rename="camel"):
    api_version: Literal["openslo/v1"]
    kind: Literal["Service", "DataSource", "AlertNotificationTarget", "SLO"]
    metadata: Metadata
    spec: dict[str, Any]


SPECS: dict[str, type[Strict]] = {
    "Service": ServiceSpec,
    "DataSource": DataSourceSpec,
    "AlertNotificationTarget": TargetSpec,
    "SLO": SloSpec,
}
BY_DEPLOYMENT = pytest.mark.parametrize("deployment", [CLINICS, BOOKINGS], ids=lambda one: one.job)


def slos(deployment: Deployment) -> dict[str, SloSpec]:
    heads = [msgspec.convert(each, Head) for each in openslo(deployment)]
    return {head.metadata.name: msgspec.convert(head.spec, SloSpec) for head in heads if head.kind == "SLO"}


@BY_DEPLOYMENT
def test_every_object_has_the_specifications_fields(deployment: Deployment) -> None:
    """Required ones are there, others are none of ours, and each reference names an object."""
    heads = [msgspec.convert(each, Head) for each in openslo(deployment)]
    for head in heads:
        msgspec.convert(head.spec, SPECS[head.kind])
    named = {(head.kind, head.metadata.name) for head in heads}
    for slo in slos(deployment).values():
        assert ("Service", slo.service) in named
        assert ("DataSource", slo.indicator.spec.ratio_metric.total.metric_source.metric_source_ref) in named
        assert {
            ("AlertNotificationTarget", target.target_ref)
            for policy in slo.alert_policies
            for target in policy.spec.notification_targets
        } <= named


@BY_DEPLOYMENT
def test_targets_windows_and_burn_rates_are_the_objectives(deployment: Deployment) -> None:
    """Another number in the objectives is another one here."""
    objectives = deployment.objectives
    for level in (objectives.availability, objectives.latency):
        slo = slos(deployment)[f"{deployment.slug}-{level.name}"]
        burns = [policy.spec.conditions[0].spec.condition for policy in slo.alert_policies]

        assert [level.target] == [objective.target for objective in slo.objectives]
        assert f"{level.period_days}d" == slo.time_window[0].duration
        assert [pair.factor for pair in objectives.burn_rates] == [burn.threshold for burn in burns]
        assert [shorthand(pair.long_s) for pair in objectives.burn_rates] == [
            burn.lookback_window for burn in burns
        ]


@pytest.mark.parametrize(
    ("seconds", "said"), [(360, "6m"), (3_600, "1h"), (21_600, "6h"), (259_200, "3d"), (90, "2m"), (1, "1m")]
)
def test_durations_are_a_number_and_a_letter(seconds: float, said: str) -> None:
    """OpenSLO knows no seconds and no two units: what is no whole minute is the nearest one."""
    assert said == shorthand(seconds)


@pytest.mark.prometheus
@BY_DEPLOYMENT
def test_every_query_is_one_of_prometheus(deployment: Deployment, tmp_path: Path) -> None:
    """Promtool reads each, and each selects the service's own job."""
    ratios = [slo.indicator.spec.ratio_metric for slo in slos(deployment).values()]
    metrics = [metric for ratio in ratios for metric in (ratio.good, ratio.bad, ratio.total) if metric]
    queries = [metric.metric_source.spec["query"] for metric in metrics]
    path = tmp_path / "queries.yml"
    rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(queries)]
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    done = subprocess.run(
        [need("promtool"), "check", "rules", path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(queries) == 4
    assert all(re.findall('job="([^"]+)"', query) == [deployment.job] for query in queries)
