"""The tenants: all of them, and each on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.history import Point
from monitor.console.issues import issues
from monitor.console.links import Links
from monitor.console.overview import charts, judged_tile, taken
from monitor.console.page_frame import badge, card, grid, tiles
from monitor.console.snapshot import Snapshot
from monitor.console.tables import ORDERS, tenant_rows, tenant_table
from monitor.metrics import catalogue
from monitor.metrics.catalogue import TENANT_DURATION
from monitor.metrics.service_levels import RequestStats
from monitor.objectives import Objectives

_SHOWN = 100
_QUANTILES = (("P50", 0.50), ("P95", 0.95), ("P99", 0.99))


def tenants(snapshot: Snapshot, links: Links, objectives: Objectives, order: str) -> Markup:
    """Return the table of tenants in one of `ORDERS`."""
    rows = tenant_rows(snapshot.performance, order)
    figures, naming, broken = snapshot.figures, snapshot.naming, len(_broken(snapshot))
    return h.markup(
        tiles(
            (
                f"{naming.headings} active",
                words.count(len(rows)),
                f"in the last {words.span(snapshot.seconds)}",
                False,
            ),
            (
                f"{naming.headings} counted",
                words.count(figures.one(catalogue.TENANT_SERIES)),
                f"room for {words.count(figures.one(catalogue.TENANT_BUDGET))}",
                False,
            ),
            ("Broken", words.count(broken), f"{naming.plural} with an issue", bool(broken)),
        ),
        card(
            f"{naming.headings}, {ORDERS[order]} first",
            tenant_table(rows[:_SHOWN], snapshot, links, objectives),
            h.p(f"The first {_SHOWN} of {len(rows)}.") if len(rows) > _SHOWN else None,
        ),
        issues(snapshot, links),
        taken(snapshot),
    )


def tenant_search(links: Links, order: str) -> Markup:
    """Return the way to a tenant's page by its number, and the orders of the table."""
    find = h.form(
        h.label(
            f"{links.naming.heading} ",
            h.input_(
                name=links.naming.singular,
                inputmode="numeric",
                pattern="[0-9]{1,19}",
                required=True,
                size=8,
            ),
        ),
        h.button("Open", type="submit"),
        method="get",
        action=links.tenants(),
        class_="row",
    )
    orders = [
        h.li(h.a(text, href=links.tenants(by=name), aria_current="true" if name == order else None))
        for name, text in ORDERS.items()
    ]
    return h.div(find, h.tag("nav", h.ul(*orders, class_="orders"), aria_label="Order"), class_="tools")


def one_tenant(
    snapshot: Snapshot, links: Links, objectives: Objectives, tenant: str, course: Sequence[Point]
) -> Markup:
    """Return one tenant's numbers.

    Args:
        snapshot: The service at this moment.
        links: The console's addresses.
        objectives: What the numbers are held against.
        tenant: The tenant.
        course: Its last minutes, step by step.
    """
    performance = snapshot.performance
    requests = performance.tenants.get(tenant) or RequestStats(TENANT_DURATION.buckets)
    return h.markup(
        _numbers(snapshot, objectives, tenant, requests),
        issues(snapshot, links, tenant),
        h.div(*charts(snapshot, course, objectives), class_="cards") if course else None,
        card("Cache by domain", _domains(snapshot, tenant)),
        card("Switched off", _off(snapshot, int(tenant))),
        taken(snapshot),
    )


def _numbers(snapshot: Snapshot, objectives: Objectives, tenant: str, requests: RequestStats) -> Markup:
    percentiles = [
        (name, words.seconds(found.value if (found := requests.quantile(share, 20)) else None), "", False)
        for name, share in _QUANTILES
    ]
    hit_ratio = snapshot.performance.cache(tenant).hit_ratio
    return tiles(
        (
            "Requests",
            words.rate(snapshot.per_second(requests.count)),
            f"{words.count(requests.count)} in {words.span(snapshot.seconds)}",
            False,
        ),
        judged_tile("Average response", objectives.latency_mean, requests.mean_s, snapshot, tenant),
        *percentiles,
        judged_tile("Errors", objectives.error_ratio, requests.error_ratio, snapshot, tenant),
        judged_tile("Cache hits", objectives.hit_ratio, hit_ratio, snapshot, tenant),
    )


def _domains(snapshot: Snapshot, tenant: str) -> Markup:
    rows = [
        (words.domain_name(name), words.count(lookups.total), words.share(lookups.hit_ratio))
        for name, lookups in sorted(snapshot.performance.lookups.get(tenant, {}).items())
    ]
    return grid("Cache by domain", ("Domain", "Lookups", "Hits"), rows, "No lookups in this window.")


def _off(snapshot: Snapshot, tenant: int) -> Markup:
    if snapshot.off is None:
        return h.p(badge("not known: the database does not answer", "warn"))
    scopes = [(of, domain) for of, domain in snapshot.off if of in (None, tenant)]
    if not scopes:
        return h.p(f"The cache is on for this {snapshot.naming.singular}.")
    return h.ul(*(h.li(f"Off for {words.scope(of, domain, snapshot.naming)}.") for of, domain in scopes))


def _broken(snapshot: Snapshot) -> Sequence[str]:
    return list(dict.fromkeys(issue.tenant for issue in snapshot.issues if issue.tenant))
