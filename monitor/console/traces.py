"""Recent traces: the list with its filter, and each as a waterfall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.charts import bar
from monitor.console.html import Child, tag
from monitor.console.links import Links
from monitor.console.page_frame import at, badge, card, grid, tiles
from monitor.console.tables import tenant_link
from monitor.tenancy.naming import TenantNaming
from monitor.tracing.recent import SpanView, TraceView, Wanted

OUTCOMES: Final = {"ok": "good", "slow": "warn", "failed": "bad"}
_MILLI: Final = 1_000.0
_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True)
class Filter:
    """What an operator asked for, as typed.

    Attributes:
        problem: What cannot be understood; empty where all can.
    """

    tenant: str = ""
    route: str = ""
    outcome: str = ""
    longer: str = ""
    problem: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], naming: TenantNaming) -> Filter:
        """Read a filter from an address."""
        tenant, longer = query.get(naming.singular, "").strip(), query.get("longer", "").strip()
        outcome = query.get("outcome", "")
        problem = ""
        if tenant and not (tenant.isascii() and tenant.isdigit() and len(tenant) < 20):  # noqa: PLR2004 - digits of 2**63
            problem = f"{naming.a_tenant.capitalize()} is a number."
        elif outcome and outcome not in OUTCOMES:
            problem = "An outcome is ok, slow or failed."
        elif longer and not _is_number(longer):
            problem = "The duration is a number of milliseconds."
        return cls(tenant, query.get("route", "").strip()[:200], outcome, longer, problem)

    def wanted(self) -> Wanted:
        """Return it as the traces are asked; nothing is asked for what cannot be understood."""
        if self.problem:
            return Wanted()
        return Wanted(
            tenant=int(self.tenant) if self.tenant else None,
            route=self.route or None,
            outcome=self.outcome or None,
            longer_than_s=float(self.longer) / _MILLI if self.longer else 0.0,
        )


def trace_list(traces: Sequence[TraceView], asked: Filter, links: Links, workers: int) -> Markup:
    """Return the matching traces, the slow and failed ones first."""
    longest = max((trace.duration_ms for trace in traces), default=0.0)
    rows: list[tuple[Child, ...]] = [
        (
            h.a(
                h.code(f"{trace.method} {trace.route or 'no route'}"),
                href=links.to("traces", trace.trace_id),
            ),
            badge(trace.outcome, OUTCOMES[trace.outcome]),
            words.seconds(trace.duration_ms / _MILLI),
            bar(trace.duration_ms, longest, OUTCOMES[trace.outcome]),
            str(trace.status),
            words.NOTHING if trace.tenant_id is None else tenant_link(trace.tenant_id, links),
            at(words.clock(trace.started_at), words.moment(trace.started_at)),
        )
        for trace in traces
    ]
    shared = (
        f" Each of the {workers} workers keeps its own; this list is of the one that answered."
        if workers > 1
        else ""
    )
    return h.markup(
        _filter_form(asked, links),
        h.p(badge(asked.problem, "warn"), role="alert") if asked.problem else None,
        card(
            "Requests",
            grid(
                "Traces",
                ("Request", "Outcome", "Took", "", "Status", links.naming.heading, "At, UTC"),
                rows,
                "No trace matches.",
                narrow=(3, 4, 6),
            ),
            h.p(
                f"Slow and failed requests are kept longer than the rest, all in bounded memory.{shared}",
                class_="note",
            ),
        ),
    )


def trace_page(trace: TraceView, links: Links) -> Markup:
    """Return one trace as a waterfall."""
    tenant = words.NOTHING if trace.tenant_id is None else str(trace.tenant_id)
    return h.markup(
        h.p(
            badge(trace.outcome, OUTCOMES[trace.outcome]),
            " ",
            h.code(f"{trace.method} {trace.route or 'no route'}"),
            class_="verdict",
        ),
        tiles(
            ("Took", words.seconds(trace.duration_ms / _MILLI), "", False),
            ("Status", str(trace.status), trace.error_type or "", trace.outcome == "failed"),
            (links.naming.heading, tenant, "", False),
            ("Began", f"{words.clock(trace.started_at)} UTC", words.moment(trace.started_at)[:10], False),
        ),
        card("Spans", _waterfall(trace)),
        h.p("Trace ", h.code(trace.trace_id), class_="note"),
        h.p(h.a("All traces", href=links.to("traces"))),
    )


def _waterfall(trace: TraceView) -> Markup:
    depths = _depths(trace.spans)
    rows: list[tuple[Child, ...]] = [
        (
            h.span(span.name, class_=f"span depth-{depths[span.span_id]}"),
            _strip(span, trace.duration_ms),
            f"+{words.seconds(span.start_ms / _MILLI)}",
            words.seconds(span.duration_ms / _MILLI),
            _facts(span),
        )
        for span in trace.spans
    ]
    return grid("Spans", ("Span", "When", "Began", "Took", "Facts"), rows, narrow=(2, 4))


def _strip(span: SpanView, whole_ms: float) -> Markup:
    whole = whole_ms or 1.0
    x = min(99.5, 100 * max(0.0, span.start_ms) / whole)
    width = max(0.5, min(100 - x, 100 * span.duration_ms / whole))
    kind = "bad" if span.failed else span.kind if span.kind in ("server", "client") else "internal"
    return tag(
        "svg",
        tag("rect", x=f"{x:.2f}%", width=f"{width:.2f}%", height="100%", class_=f"bar {kind}"),
        class_="strip",
        aria_hidden="true",
    )


def _facts(span: SpanView) -> Markup:
    facts = [
        h.li(h.span(name, class_="fact"), " ", h.code(str(value))) for name, value in span.attributes.items()
    ]
    return h.ul(*facts, class_="facts") if facts else h.span(words.NOTHING)


def _depths(spans: Sequence[SpanView]) -> dict[str, int]:
    """How far below the first span each lies; parents stand before their children."""
    depths: dict[str, int] = {}
    for span in spans:
        above = depths.get(span.parent_id or "", -1)
        depths[span.span_id] = min(_DEEPEST, above + 1)
    return depths


def _filter_form(asked: Filter, links: Links) -> Markup:
    outcomes = [h.option(name, value=name, selected=asked.outcome == name) for name in OUTCOMES]
    return h.form(
        h.label(
            f"{links.naming.heading} ",
            h.input_(name=links.naming.singular, value=asked.tenant, inputmode="numeric", size=8),
        ),
        h.label(
            "Route ", h.input_(name="route", value=asked.route, placeholder="/api/contacts/{id}", size=22)
        ),
        h.label("Outcome ", h.select(h.option("any", value=""), *outcomes, name="outcome")),
        h.label("Longer than, ms ", h.input_(name="longer", value=asked.longer, inputmode="decimal", size=6)),
        h.button("Filter", type="submit"),
        h.a("Clear", href=links.to("traces")),
        method="get",
        action=links.to("traces"),
        class_="row card",
        role="search",
    )


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        return False
