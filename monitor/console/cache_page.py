"""The cache: what it saves, whether it is well, and the switch."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.overview import hit_chart, judged_tile, taken
from monitor.console.page_frame import Frame, badge, card, grid, tiles
from monitor.console.snapshot import Scopes, Snapshot
from monitor.metrics import catalogue
from monitor.objectives import Objectives
from monitor.tenancy.naming import TenantNaming

_CHARTED = 120
_MOST_LINES = 5


def cache(snapshot: Snapshot, objectives: Objectives) -> Markup:
    """Return the part that changes."""
    points = snapshot.points[-_CHARTED:]
    times = [words.clock(snapshot.moment(point.at)) for point in points]
    domains = sorted({name for point in points for name in point.domains})[:_MOST_LINES]
    return h.markup(
        _switched_off(snapshot.off, snapshot.naming),
        _numbers(snapshot, objectives),
        hit_chart("Hits by domain", times, points, domains, objectives).draw(),
        card("Domains", _domains(snapshot)),
        taken(snapshot),
    )


def switch_forms(frame: Frame, domains: Sequence[str], off: Scopes | None, tenant: str = "") -> Markup:
    """Return the forms that switch the cache off and on again.

    Args:
        frame: The page's frame.
        domains: Every cached domain.
        off: What is switched off; None where that cannot be told.
        tenant: The tenant that the form begins with.
    """
    action, naming = frame.links.to("cache", "switch"), frame.links.naming
    turn_off = frame.form(
        action,
        _scope_fields(domains, tenant, naming),
        h.button("Switch off", type="submit", name="enabled", value="no", class_="danger"),
        class_="row",
    )
    on_again = [
        h.li(
            frame.form(
                action,
                h.input_(type="hidden", name=naming.singular, value=of) if of is not None else None,
                h.input_(type="hidden", name="domain", value=domain) if domain is not None else None,
                h.span(words.scope(of, domain, naming).capitalize()),
                h.button("Switch on", type="submit", name="enabled", value="yes"),
                class_="row",
            )
        )
        for of, domain in off or ()
    ]
    return card(
        "Switch",
        h.p(
            "Off means that no request reads or fills the cache; users are served from the database. "
            "What it held before is never served again."
        ),
        turn_off,
        h.ul(*on_again, class_="off") if on_again else None,
    )


def rollout_form(frame: Frame, domains: Sequence[str], share: float, *, durable: bool) -> Markup:
    """Return the form that sets the share of the traffic that uses the cache."""
    reach = (
        "It reaches every worker and outlives a restart."
        if durable
        else "It holds in the worker that answers this page until it starts again."
    )
    return card(
        "Rollout",
        h.p(f"A part of all keys may use the cache, always the same ones. Now {words.share(share)}. {reach}"),
        frame.form(
            frame.links.to("cache", "rollout"),
            _scope_fields(domains, "", frame.links.naming),
            h.label(
                "Share in % ",
                h.input_(
                    type="number",
                    name="share",
                    min=0,
                    max=100,
                    step="any",
                    value=f"{share * 100:g}",
                    required=True,
                ),
            ),
            h.button("Set", type="submit"),
            class_="row",
        ),
    )


def _scope_fields(domains: Sequence[str], tenant: str, naming: TenantNaming) -> Markup:
    choices = [h.option(words.domain_name(name), value=name) for name in domains]
    return h.markup(
        h.label("Domain ", h.select(h.option("all", value=""), *choices, name="domain")),
        h.label(
            f"{naming.heading} ",
            h.input_(
                name=naming.singular,
                inputmode="numeric",
                pattern="[0-9]{1,19}",
                size=8,
                placeholder="all",
                value=tenant or None,
            ),
        ),
    )


def _numbers(snapshot: Snapshot, objectives: Objectives) -> Markup:
    figures, lookups = snapshot.figures, snapshot.performance.cache()
    breaker, lease = figures.states(catalogue.CACHE_BREAKER), figures.states(catalogue.CACHE_LEASE)
    lag = figures.one(catalogue.CACHE_OUTBOX_LAG)
    wrong = figures.total(catalogue.CACHE_INCONSISTENCIES)
    return tiles(
        judged_tile("Hits", objectives.hit_ratio, lookups.hit_ratio, snapshot),
        (
            "Lookups",
            words.rate(snapshot.per_second(lookups.total)),
            f"{words.count(lookups.total)} in {words.span(snapshot.seconds)}",
            False,
        ),
        (
            "Breaker",
            ", ".join(breaker) or "closed",
            "before the store" if breaker else "it never opened",
            breaker not in (["closed"], []),
        ),
        (
            "Lease",
            ", ".join(lease) or "none",
            "on the outbox" if lease else "there is no outbox",
            lease not in (["held"], []),
        ),
        (
            "Outbox",
            words.count(figures.one(catalogue.CACHE_OUTBOX_ROWS)),
            f"oldest {words.seconds(lag)}",
            (lag or 0.0) > objectives.limits.outbox_lag_s,
        ),
        (
            "Writes waiting",
            words.count(figures.total(catalogue.CACHE_WRITES_WAITING)),
            "for the store",
            False,
        ),
        (
            "Near cache",
            words.size(figures.one(catalogue.CACHE_NEAR_BYTES)),
            f"{words.count(figures.one(catalogue.CACHE_NEAR_ENTRIES))} entries",
            False,
        ),
        (
            "Inconsistencies",
            words.count(wrong),
            f"of {words.count(figures.total(catalogue.CACHE_SAMPLES))} compared",
            bool(wrong),
        ),
    )


def _switched_off(off: Scopes | None, naming: TenantNaming) -> Markup:
    if off is None:
        said = badge("It cannot be told what is switched off: the database does not answer.", "warn")
    elif off:
        names = ", ".join(words.scope(tenant, domain, naming) for tenant, domain in off)
        said = badge(f"Switched off: {names}.", "warn")
    else:
        said = badge("The cache is on.", "good")
    return h.p(said, role="status", class_="verdict")


def _domains(snapshot: Snapshot) -> Markup:
    figures = snapshot.figures
    waiters = figures.by_label(catalogue.CACHE_COALESCED)
    filled = figures.by_label(catalogue.CACHE_ENTRY_BYTES)
    names = sorted({name for domains in snapshot.performance.lookups.values() for name in domains})
    rows = [
        (
            words.domain_name(name),
            words.count((lookups := snapshot.performance.cache(domain=name)).total),
            words.share(lookups.hit_ratio),
            words.count(waiters.get(name, 0.0)),
            words.size(filled.get(name, 0.0)),
        )
        for name in names
    ]
    return grid(
        "Domains",
        ("Domain", "Lookups", "Hits", "Loads saved", "Stored"),
        rows,
        "No lookups in this window.",
        narrow=(3, 4),
    )
