"""The first page: whether all is well, and where not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.alarms import Alarm, State
from monitor.console.charts import Chart, ChartLine
from monitor.console.history import Point
from monitor.console.issues import broken_for, issues
from monitor.console.links import Links
from monitor.console.page_frame import at, badge, card, grid, tiles
from monitor.console.runtime import runtime
from monitor.console.snapshot import Snapshot
from monitor.console.tables import route_table, tenant_rows, tenant_table
from monitor.metrics import catalogue
from monitor.objectives import Objectives, Threshold

_CHARTED = 120
_TENANTS, _ROUTES = 8, 12
_STANDING: Final = {
    State.PENDING: "is broken {} and pages soon",
    State.FIRING: "is broken {} and pages",
    State.EASING: "is whole again {}, its page ends soon",
}
# The memory goes back an hour; where all of it is broken, its moving beginning says nothing.
_LONG_S: Final = 3_000.0
_P50, _P95, _P99 = 0.50, 0.95, 0.99


def overview(snapshot: Snapshot, links: Links, objectives: Objectives) -> Markup:
    """Return the part that changes."""
    performance = snapshot.performance
    return h.markup(
        verdict(snapshot),
        _numbers(snapshot, objectives),
        issues(snapshot, links),
        h.div(*charts(snapshot, snapshot.points, objectives), class_="cards"),
        card(
            f"Busiest {links.naming.plural}",
            tenant_table(tenant_rows(performance, "requests")[:_TENANTS], snapshot, links, objectives),
            h.p(h.a(f"All {links.naming.plural}", href=links.tenants())),
        ),
        card("Routes", route_table(snapshot, links, objectives, _ROUTES)),
        card("Health checks", _checks(snapshot)),
        card("The service itself", runtime(snapshot)),
        taken(snapshot),
    )


def verdict(snapshot: Snapshot) -> Markup:
    """Return one sentence about the whole; a screen reader hears it when it changes."""
    out = [name for name, finding in snapshot.checks.items() if not finding.healthy]
    burning = [alarm for alarm in snapshot.alarms if alarm.burning]
    parts = [f"The {name} is out" for name in out]
    parts += [f"{words.title(alarm.threshold)} {_standing(snapshot, alarm)}" for alarm in burning]
    parts += _untold(snapshot, {alarm.threshold.name for alarm in burning})
    if parts:
        bad = out or any(alarm.state is State.FIRING for alarm in burning)
        said = badge(f"{'. '.join(parts)}.", "bad" if bad else "warn")
    else:
        said = _all_clear(snapshot)
    return h.p(said, id="verdict", role="status", class_="verdict")


def _untold(snapshot: Snapshot, told: Collection[str]) -> list[str]:
    """Return what is broken in the page's window alone: it is shorter than an alarm's."""
    broken = (issue for issue in snapshot.issues if not (issue.tenant or issue.route))
    return [words.issue(issue, snapshot.naming) for issue in broken if issue.threshold.name not in told]


def _all_clear(snapshot: Snapshot) -> Markup:
    if not snapshot.issues:
        return badge("All is well.", "good")
    return badge(
        f"All is well on the whole, but not for {broken_for(snapshot.issues, snapshot.naming)}.", "warn"
    )


def _standing(snapshot: Snapshot, alarm: Alarm) -> str:
    """Say what an alarm does, and since when; the words stay the same while it does, as they are spoken."""
    began, at_least = alarm.since, alarm.at_least
    for issue, onset in snapshot.onsets.items():
        if issue.threshold is alarm.threshold and not (issue.tenant or issue.route):
            began, at_least = onset.at, onset.at_least
    if at_least and snapshot.monotonic - began > _LONG_S:
        since = "for an hour or longer"
    else:
        since = f"since {words.clock(snapshot.moment(began))[:5]} UTC{' or earlier' if at_least else ''}"
    return _STANDING[alarm.state].format(since)


def _numbers(snapshot: Snapshot, objectives: Objectives) -> Markup:
    overall, figures = snapshot.performance.overall, snapshot.figures
    latency, errors, hits = objectives.latency_mean, objectives.error_ratio, objectives.hit_ratio
    p99 = overall.quantile(_P99, 20)
    workers = int(figures.one(catalogue.WORKERS) or 1)
    return tiles(
        (
            "Requests",
            words.rate(snapshot.points[-1].per_second),
            f"{words.count(overall.count)} in {words.span(snapshot.seconds)}",
            False,
        ),
        judged_tile("Average response", latency, overall.mean_s, snapshot),
        ("P99 response", words.seconds(p99.value if p99 else None), "99 of 100 are faster", False),
        judged_tile("Errors", errors, overall.error_ratio, snapshot),
        judged_tile("Cache hits", hits, snapshot.performance.cache().hit_ratio, snapshot),
        (
            "In flight",
            words.count(figures.total(catalogue.HTTP_ACTIVE)),
            f"{workers} worker{'s' if workers > 1 else ''}",
            False,
        ),
        _running(snapshot),
    )


def _running(snapshot: Snapshot) -> tuple[str, str, str, bool]:
    """Return what runs and since when: what broke just after a start may be the release."""
    started = snapshot.figures.one(catalogue.PROCESS_START)
    version = next((labels[1] for labels, _ in snapshot.figures.rows(catalogue.BUILD)), "not known")
    lasted = words.NOTHING if started is None else words.span(max(0.0, snapshot.at - started))
    return "Running for", lasted, f"version {version}", False


def judged_tile(
    name: str, threshold: Threshold, value: float | None, snapshot: Snapshot, tenant: str | None = None
) -> tuple[str, str, str, bool]:
    """Return a tile that is held against its objective, of one tenant or of all."""
    broken = snapshot.breaks(threshold, tenant)
    return name, words.measured(threshold, value), words.bound(threshold), broken


def charts(snapshot: Snapshot, course: Sequence[Point], objectives: Objectives) -> list[Markup]:
    """Return requests, response times, errors and hits over the last minutes, of a tenant or of all."""
    points = course[-_CHARTED:]
    times = [words.clock(snapshot.moment(point.at)) for point in points]
    quantiles = (("P50", _P50), ("P95", _P95), ("P99", _P99))
    charts = (
        Chart("Requests", times, [ChartLine("requests", [p.per_second for p in points])], words.rate),
        Chart(
            "Response time",
            times,
            [ChartLine(name, [p.quantile_s(share) for p in points]) for name, share in quantiles],
            words.seconds,
            objectives.latency.latency_bound_s,
        ),
        Chart(
            "Errors",
            times,
            [ChartLine("failed", [p.requests.error_ratio for p in points])],
            words.share,
            objectives.error_ratio.bound,
            most=1.0,
        ),
        hit_chart("Cache hits", times, points, [], objectives),
    )
    return [chart.draw() for chart in charts]


def hit_chart(
    title: str, times: Sequence[str], points: Sequence[Point], domains: Sequence[str], objectives: Objectives
) -> Chart:
    """Return the hit ratio over time: of each domain, or of all."""
    series = [
        ChartLine(
            words.domain_name(name),
            [p.domains[name].hit_ratio if name in p.domains else None for p in points],
        )
        for name in domains
    ] or [ChartLine("hits", [p.lookups.hit_ratio for p in points])]
    return Chart(title, times, series, words.share, objectives.hit_ratio.bound, top=1.0, most=1.0)


def taken(snapshot: Snapshot) -> Markup:
    """Return when the page's numbers were taken, and over which time."""
    return h.p(
        f"Averages, percentiles and ratios are of the last {words.span(snapshot.seconds)}. Taken at ",
        at(f"{words.clock(snapshot.at)} UTC", words.moment(snapshot.at)),
        f" in {words.seconds(snapshot.seconds_taken)} beside the requests.",
        class_="note",
    )


def _checks(snapshot: Snapshot) -> Markup:
    rows = [
        (
            name,
            badge("ok", "good") if finding.healthy else badge(finding.problem or "out", "bad"),
            words.seconds(finding.seconds),
            "essential" if finding.check.essential else "the service goes on without it",
        )
        for name, finding in snapshot.checks.items()
    ]
    return grid("Health checks", ("Check", "State", "Took", "Meaning"), rows, "No checks are set up.")
