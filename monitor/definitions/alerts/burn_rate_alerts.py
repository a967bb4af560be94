"""Multi-window, multi-burn-rate alerts on the error budgets (SRE workbook, chapter 5)."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import AUTHENTICATED
from monitor.definitions.recording_rules import own, quotient
from monitor.definitions.rules import AlertRule, Board, Concern, RuleGroup, Severity, Worst, value_as
from monitor.objectives import BurnRate, ServiceLevel

_STEP_S = 60.0
_PAGE_KEEP_S, _TICKET_KEEP_S = 450.0, 300.0  # shorter than the service's threshold alerts, which mute it


def burn_rate_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the burn rates of both objectives, the fastest first."""
    objectives = deployment.objectives
    availability = _level(deployment, objectives.availability, recorded.ERRORS, Concern.ERRORS, "failed")
    latency = _level(deployment, objectives.latency, recorded.SLOW, Concern.LATENCY, "slow")
    return (RuleGroup("burn-rates", (*availability, *latency)),)


def _level(
    deployment: Deployment, level: ServiceLevel, bad: str, concern: Concern, word: str
) -> tuple[AlertRule, ...]:
    """Return one alert a pair of windows; what burns faster is left to the faster pair.

    Without that an outage told by the first pair would be told again, hours after its end,
    by each slower one.
    """
    alerts: list[AlertRule] = []
    faster = ""
    for pair in deployment.objectives.burn_rates:
        bound = _bound(level, pair)
        alerts.append(
            _alert(
                deployment, level, pair, f"{_burning(deployment, bad, pair, bound)}{faster}", concern, word
            )
        )
        faster = f" unless {_share(deployment, bad, pair.long_s)} > {bound:g}"
    return tuple(alerts)


def _bound(level: ServiceLevel, pair: BurnRate) -> float:
    return round(pair.factor * (1 - level.target), 9)


def _burning(deployment: Deployment, bad: str, pair: BurnRate, bound: float) -> str:
    return (
        f"{_share(deployment, bad, pair.long_s)} > {bound:g}"
        f" and {_share(deployment, bad, pair.short_s)} > {bound:g}"
        f" and {_events(deployment, bad, pair.long_s)} >= {deployment.objectives.limits.burn_events}"
    )


def _alert(
    deployment: Deployment, level: ServiceLevel, pair: BurnRate, expr: str, concern: Concern, word: str
) -> AlertRule:
    bound, long, short = _bound(level, pair), duration(pair.long_s), duration(pair.short_s)
    spent = round(pair.factor * pair.long_s / 86_400 / level.period_days * 100, 1)
    return AlertRule(
        name=f"{level.name.capitalize()}BudgetBurn{'Fast' if pair.page else 'Slow'}",
        expr=expr,
        severity=Severity.PAGE if pair.page else Severity.TICKET,
        concern=concern,
        meaning=(
            f"The error budget of {level.name} ({level.target * 100:g} % of requests in"
            f" {level.period_days} days) burns {pair.factor:g} times as fast as it may."
        ),
        summary=(
            f"{deployment.title}: {value_as('humanizePercentage')} {word} requests over {long}"
            f" burn the {level.name} budget"
        ),
        value="humanizePercentage",
        threshold=(
            f"over {bound * 100:g} % {word} requests in {long} and in {short}"
            f" ({spent:g} % of the budget), for {duration(pair.for_s)}"
        ),
        normal=f"0 to {round((1 - level.target) * 100, 9):g} %",
        board=Board.SERVICE,
        panel=f"Burn rate of {level.name}",
        for_s=pair.for_s,
        keep_firing_s=_PAGE_KEEP_S if pair.page else _TICKET_KEEP_S,
        labels={"window": long},
        worst=Worst(_worst(deployment), "humanizePercentage") if concern is Concern.ERRORS else None,
        guard=f"fewer than {deployment.objectives.limits.burn_events} {word} requests in {long}",
    )


def _share(deployment: Deployment, bad: str, window_s: float) -> str:
    window = duration(window_s)
    return quotient(deployment, recorded.over(bad, window), recorded.over(recorded.REQUESTS, window))


def _events(deployment: Deployment, bad: str, window_s: float) -> str:
    """Count bad requests; a mean times the window would overstate a service younger than the window."""
    window, step = deployment.span(window_s), deployment.span(_STEP_S)
    return f"sum_over_time({own(deployment, bad)}[{window}:{step}]) * {deployment.per_window(_STEP_S):g}"


def _worst(deployment: Deployment) -> str:
    return f"topk(5, {own(deployment, recorded.TENANT_ERROR_RATIO, AUTHENTICATED)} > 0)"
