"""The objectives as an OpenSLO v1 document (openslo.com), for tools that read no Prometheus rules.

An OpenSLO alert condition looks at one window, where the rules look at a long and a short one:
a condition here has the long window, and the rules' patience.
"""

from __future__ import annotations

from typing import Any

from monitor.definitions.deployment import Deployment
from monitor.definitions.queries import Queries, service_requests
from monitor.objectives import BurnRate, ServiceLevel

_SOURCE = "prometheus"
_TARGETS = {"page": "Whoever is on call.", "ticket": "The team, within the working day."}
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


def openslo(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the service, its source, its objectives and who hears of them, one object each."""
    objectives = deployment.objectives
    return [
        _object("Service", deployment.slug, deployment.title, {}),
        _object("DataSource", _SOURCE, "Prometheus", {"type": "Prometheus", "connectionDetails": {}}),
        *(
            _object(
                "AlertNotificationTarget",
                f"{deployment.slug}-{name}",
                "",
                {"target": name, "description": text},
            )
            for name, text in _TARGETS.items()
        ),
        _slo(deployment, objectives.availability, _bad(deployment)),
        _slo(deployment, objectives.latency, _good(deployment, objectives.latency)),
    ]


def shorthand(seconds: float) -> str:
    """Write whole minutes, hours or days as OpenSLO's duration: a number and one letter."""
    unit, size = next((unit, size) for unit, size in _UNITS if not seconds % size or unit == "m")
    return f"{max(1, round(seconds / size))}{unit}"


def _slo(deployment: Deployment, level: ServiceLevel, indicator: dict[str, Any]) -> dict[str, Any]:
    name = f"{deployment.slug}-{level.name}"
    total = _metric(_counter(deployment))
    spec = {
        "description": f"{level.target * 100:g} % of the requests in {level.period_days} days are good.",
        "service": deployment.slug,
        "indicator": {
            "metadata": {"name": name},
            "spec": {"ratioMetric": {"counter": True, **indicator, "total": total}},
        },
        "timeWindow": [{"duration": f"{level.period_days}d", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"displayName": level.name.capitalize(), "target": level.target}],
        "alertPolicies": [_policy(deployment, name, pair) for pair in deployment.objectives.burn_rates],
    }
    return _object("SLO", name, f"{deployment.title}: {level.name}", spec)


def _policy(deployment: Deployment, slo: str, pair: BurnRate) -> dict[str, Any]:
    severity, window = "page" if pair.page else "ticket", shorthand(pair.long_s)
    condition = {
        "kind": "burnrate",
        "threshold": pair.factor,
        "lookbackWindow": window,
        "alertAfter": shorthand(pair.for_s),
    }
    inner = {"severity": severity, "condition": condition}
    return {
        "kind": "AlertPolicy",
        "metadata": {"name": f"{slo}-{window}"},
        "spec": {
            "alertWhenBreaching": True,
            "alertWhenResolved": True,
            "alertWhenNoData": False,
            "conditions": [
                {"kind": "AlertCondition", "metadata": {"name": f"{slo}-{window}-burns"}, "spec": inner}
            ],
            "notificationTargets": [{"targetRef": f"{deployment.slug}-{severity}"}],
        },
    }


def _object(kind: str, name: str, shown: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "displayName": shown} if shown else {"name": name}
    return {"apiVersion": "openslo/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _bad(deployment: Deployment) -> dict[str, Any]:
    return {"bad": _metric(_counter(deployment, service_requests(()).failed))}


def _good(deployment: Deployment, level: ServiceLevel) -> dict[str, Any]:
    requests = service_requests(deployment.objectives.uncounted)
    bucket = _ask(deployment).series(
        f"{requests.histogram}_bucket", *requests.counted, f'le="{level.latency_bound_s or 0:g}"'
    )
    return {"good": _metric(f"sum({bucket})")}


def _counter(deployment: Deployment, *matchers: str) -> str:
    requests = service_requests(deployment.objectives.uncounted)
    return f"sum({_ask(deployment).series(requests.count, *requests.counted, *matchers)})"


def _ask(deployment: Deployment) -> Queries:
    return Queries(service_requests(deployment.objectives.uncounted), "", (f'job="{deployment.job}"',))


def _metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"metricSourceRef": _SOURCE, "type": "Prometheus", "spec": {"query": query}}}
