"""What breaks an objective now: for whom, by how much, since when, and where to look next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.html import Child
from monitor.console.links import Links
from monitor.console.page_frame import at, card, grid
from monitor.console.snapshot import Snapshot
from monitor.metrics.service_levels import Issue
from monitor.tenancy.naming import TenantNaming

_SHOWN, _MOST = 6, 40
_NAMED: Final = 3
_OUTCOMES: Final = {"latency_mean": "slow", "error_ratio": "failed"}


def issues(snapshot: Snapshot, links: Links, tenant: str | None = None) -> Markup | None:
    """Return what breaks an objective now, of one tenant or of all; None where nothing does."""
    found = worst_first(issue for issue in snapshot.issues if tenant in (None, issue.tenant))
    if not found:
        return None
    more, left_out = found[_SHOWN:_MOST], len(found) - _MOST
    return card(
        "Issues",
        _table("Issues", found[:_SHOWN], snapshot, links),
        h.details(h.summary(f"{len(more)} more"), _table("More issues", more, snapshot, links))
        if more
        else None,
        h.p(f"And {left_out} that are not listed.") if left_out > 0 else None,
        kind="warning",
    )


def worst_first(found: Iterable[Issue]) -> list[Issue]:
    """Order issues: the service's, then tenant by tenant, then routes; those furthest off first."""
    ordered = sorted(found, key=lambda issue: (bool(issue.route), issue.tenant or "", issue.route or ()))
    groups = [list(group) for _, group in groupby(ordered, key=lambda issue: (issue.route, issue.tenant))]
    for group in groups:
        group.sort(key=_excess, reverse=True)
    groups.sort(key=lambda group: (_rank(group[0]), -_excess(group[0])))
    return [issue for group in groups for issue in group]


def broken_for(found: Iterable[Issue], naming: TenantNaming) -> str:
    """Name whom issues are for: `tenants 7, 3 and 2 routes`; empty where none is for a part alone."""
    parts = list(dict.fromkeys((issue.tenant, issue.route) for issue in worst_first(found)))
    tenants = [tenant for tenant, _ in parts if tenant]
    routes = [route for _, route in parts if route]
    named = [f"{naming.singular} {_name(tenants[0])}"] if len(tenants) == 1 else []
    if len(tenants) > 1:
        rest = len(tenants) - _NAMED
        shown = [_name(tenant) for tenant in tenants[:_NAMED]] + ([f"{rest} more"] if rest > 0 else [])
        named = [f"{naming.plural} {', '.join(shown[:-1])} and {shown[-1]}"]
    if routes:
        named.append(" ".join(routes[0]) if len(routes) == 1 else f"{len(routes)} routes")
    return ", and ".join(named)


def _table(title: str, found: Sequence[Issue], snapshot: Snapshot, links: Links) -> Markup:
    heads = ("For", "What", "Now", "Promised", "Since, UTC", "Look at")
    return grid(title, heads, [_row(snapshot, links, issue) for issue in found], narrow=(3,))


def _row(snapshot: Snapshot, links: Links, issue: Issue) -> tuple[Child, ...]:
    threshold = issue.threshold
    return (
        _whom(issue, links),
        words.title(threshold),
        h.span(words.measured(threshold, issue.value), class_="number broken"),
        words.bound(threshold),
        since(snapshot, issue),
        _next(issue, links),
    )


def since(snapshot: Snapshot, issue: Issue) -> Markup:
    """Return when an issue began."""
    onset = snapshot.onsets.get(issue)
    if onset is None:
        return h.span("just now")
    moment = snapshot.moment(onset.at)
    text = f"{words.clock(moment)}{' or earlier' if onset.at_least else ''}"
    return at(text, words.moment(moment))


def _whom(issue: Issue, links: Links) -> Child:
    if issue.route:
        return h.code(" ".join(issue.route))
    if issue.tenant is None:
        return "the whole service"
    name = f"{links.naming.singular} {_name(issue.tenant)}"
    return h.a(name, href=links.tenants(issue.tenant)) if issue.tenant.isdigit() else name


def _name(tenant: str) -> str:
    return tenant if tenant.isdigit() else "others"


def _next(issue: Issue, links: Links) -> Markup:
    """Return the way to what tells why: the failed or slow requests, or the cache."""
    name = issue.threshold.name
    if name not in _OUTCOMES:
        return h.a("the cache", href=links.narrowed("cache", _number(issue)))
    outcome = _OUTCOMES[name]
    route = issue.route[1] if issue.route else None
    address = links.narrowed("traces", _number(issue), route=route, outcome=outcome)
    return h.a(f"{outcome} requests", href=address)


def _number(issue: Issue) -> str | None:
    return issue.tenant if issue.tenant and issue.tenant.isdigit() else None


def _rank(issue: Issue) -> int:
    return 2 if issue.route else 1 if issue.tenant else 0


def _excess(issue: Issue) -> float:
    """How many times the bound the value is, or the bound the value; 1 is on the bound."""
    bound = issue.threshold.bound
    whole, part = (issue.value, bound) if issue.threshold.above else (bound, issue.value)
    return whole / part if part else float("inf")
