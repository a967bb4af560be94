"""Where each objective stands, by the same bounds as the alert rules."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.alarms import Alarm, State
from monitor.console.html import Child
from monitor.console.issues import issues
from monitor.console.links import Links
from monitor.console.overview import taken, verdict
from monitor.console.page_frame import at, badge, card, grid
from monitor.console.snapshot import Snapshot
from monitor.metrics import catalogue
from monitor.objectives import Objectives

_STATES: Final = {
    State.WHOLE: ("within", "good"),
    State.QUIET: ("too little traffic", "plain"),
    State.PENDING: ("broken, pages soon", "warn"),
    State.FIRING: ("firing", "bad"),
    State.EASING: ("whole again, still firing", "warn"),
}


def alerts(snapshot: Snapshot, links: Links, objectives: Objectives) -> Markup:
    """Return the part that changes."""
    return h.markup(
        verdict(snapshot),
        card(
            "Objectives",
            grid(
                "Objectives",
                ("Objective", "State", "Since", "Now", "Promised", "Normal", "Pages after"),
                [_alarm_row(snapshot, alarm) for alarm in snapshot.alarms],
                narrow=(5, 6),
            ),
            h.p(
                "Told from the minutes that the service remembers, of all workers. Prometheus decides who is "
                "paged; error budgets, which need days, are on its side alone.",
                class_="note",
            ),
        ),
        card(
            "Limits",
            grid("Limits", ("Limit", "State", "Now", "Bound"), _limits(snapshot, objectives)),
        ),
        issues(snapshot, links),
        taken(snapshot),
    )


def _alarm_row(snapshot: Snapshot, alarm: Alarm) -> tuple[Child, ...]:
    threshold = alarm.threshold
    word, kind = _STATES[alarm.state]
    since = snapshot.moment(alarm.since) if snapshot.points else snapshot.at
    lasted = f"{'at least ' if alarm.at_least else ''}{words.span(max(0.0, snapshot.at - since))}"
    return (
        words.title(threshold),
        badge(word, kind),
        at(lasted, words.moment(since)),
        words.measured(threshold, alarm.value),
        words.bound(threshold),
        threshold.normal,
        words.span(threshold.for_s),
    )


def _limits(snapshot: Snapshot, objectives: Objectives) -> list[tuple[Child, ...]]:
    figures, limits = snapshot.figures, objectives.limits
    lag = figures.one(catalogue.CACHE_OUTBOX_LAG)
    used = figures.by_label(catalogue.DB_CONNECTIONS).get("used")
    most = figures.one(catalogue.DB_CONNECTIONS_MAX)
    pool = used / most if used is not None and most else None
    breaker = figures.states(catalogue.CACHE_BREAKER)
    wrong = figures.total(catalogue.CACHE_INCONSISTENCIES)
    overflow = figures.total(catalogue.TENANT_OVERFLOW)
    rows = [
        ("Oldest invalidation in the outbox", lag, limits.outbox_lag_s, words.seconds),
        ("Database pool in use", pool, limits.pool_used, words.share),
        ("Cached answers found wrong", wrong, 0.0, words.count),
        (f"Observations without room for their {snapshot.naming.singular}", overflow, 0.0, words.count),
    ]
    written: list[tuple[Child, ...]] = [
        (name, _kept(value is None or value <= bound), write(value), f"at most {write(bound)}")
        for name, value, bound, write in rows
    ]
    shut = breaker in (["closed"], [])
    return [
        *written,
        ("Breaker before the cache store", _kept(shut), ", ".join(breaker) or "closed", "closed"),
    ]


def _kept(kept: bool) -> Markup:  # noqa: FBT001 - a fact, not a switch
    return badge("within", "good") if kept else badge("broken", "bad")
