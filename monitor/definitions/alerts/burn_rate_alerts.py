"""Multi-window, multi-burn-rate alerts on the error budgets (SRE workbook, chapter 5)."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import ratio
from monitor.definitions.recording_rules import own
from monitor.definitions.rules import AlertRule, Board, Concern, RuleGroup, Severity, value_as
from monitor.objectives import BurnRate, ServiceLevel

_PAGE_KEEP_S, _TICKET_KEEP_S = 750.0, 300.0  # longer than the service's threshold alerts, which it mutes


def burn_rate_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the burn rates of both objectives, the fastest first."""
    objectives = deployment.objectives
    availability = _level(deployment, objectives.availability, recorded.ERRORS, Concern.ERRORS, "failed")
    latency = _level(deployment, objectives.latency, recorded.SLOW, Concern.LATENCY, "slow")
    return (RuleGroup("taskmed-burn-rates", (*availability, *latency)),)


def _level(
    deployment: Deployment, level: ServiceLevel, bad: str, concern: Concern, word: str
) -> tuple[AlertRule, ...]:
    return tuple(
        _alert(deployment, level, pair, bad, concern, word) for pair in deployment.objectives.burn_rates
    )


def _alert(
    deployment: Deployment, level: ServiceLevel, pair: BurnRate, bad: str, concern: Concern, word: str
) -> AlertRule:
    budget = round(1 - level.target, 9)
    bound = round(pair.factor * budget, 9)
    events = deployment.objectives.limits.burn_events
    days = pair.long_s / 86_400
    spent = round(pair.factor * days / level.period_days * 100, 1)
    speed = "Fast" if pair.page else "Slow"
    return AlertRule(
        name=f"{level.name.capitalize()}BudgetBurn{speed}",
        expr=(
            f"{_share(deployment, bad, pair.long_s)} > {bound:g}"
            f" and {_share(deployment, bad, pair.short_s)} > {bound:g}"
            f" and {_over(deployment, bad, pair.long_s)} * {deployment.per_window(pair.long_s):g} >= {events}"
        ),
        severity=Severity.PAGE if pair.page else Severity.TICKET,
        concern=concern,
        meaning=(
            f"The error budget of {level.name} ({level.target:.1%} of requests in {level.period_days} days)"
            f" burns {pair.factor:g} times as fast as it may."
        ),
        summary=(
            f"{deployment.title}: {value_as('humanizePercentage')} {word} requests over"
            f" {duration(pair.long_s)} burn the {level.name} budget"
        ),
        value="humanizePercentage",
        threshold=(
            f"over {bound * 100:g} % {word} requests in {duration(pair.long_s)} and in"
            f" {duration(pair.short_s)} ({spent:g} % of the budget), for {duration(pair.for_s)}"
        ),
        normal=f"0 to {budget * 100:g} %",
        board=Board.SERVICE,
        panel=f"Burn rate of {level.name}",
        for_s=pair.for_s,
        keep_firing_s=_PAGE_KEEP_S if pair.page else _TICKET_KEEP_S,
        labels={"window": duration(pair.long_s)},
        guard=f"fewer than {events} {word} requests in {duration(pair.long_s)}",
    )


def _over(deployment: Deployment, series: str, window_s: float) -> str:
    return own(deployment, recorded.over(series, duration(window_s)))


def _share(deployment: Deployment, bad: str, window_s: float) -> str:
    return ratio(_over(deployment, bad, window_s), _over(deployment, recorded.REQUESTS, window_s))
