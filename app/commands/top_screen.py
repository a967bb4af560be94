"""What `taskmed top` shows: the service's own figures, drawn for a terminal of any size."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.commands.top_issues import issue_lines, of_the_whole

Json = Mapping[str, Any]

_BARS = "▁▂▃▄▅▆▇█"
_REMEMBERED = 60
_WIDE = 110
_STATUS = {"ok": "green", "degraded": "yellow", "objective broken": "yellow", "unavailable": "red"}
_ISSUES = 5
_NOTHING = "-"


@dataclass
class Screen:
    """The figures of the last refresh, and a short memory for the lines.

    Attributes:
        url: The service's address.
        problem: Why the last refresh failed; empty where it did not.
    """

    url: str
    problem: str = ""
    _metrics: Json = field(default_factory=dict)
    _health: Json = field(default_factory=dict)
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _p99s: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _last: tuple[float, int] | None = None

    def take(self, metrics: Json, health: Json, now: float) -> None:
        """Take new figures.

        Args:
            metrics: The answer of `/api/metrics`.
            health: The answer of `/api/health`.
            now: Monotonic seconds.
        """
        self.problem = ""
        calls = int(metrics["api"]["totalCalls"])
        if self._last is not None and now > self._last[0] and calls >= self._last[1]:
            self._rates.append((calls - self._last[1]) / (now - self._last[0]))
        self._last = now, calls
        self._p99s.append(metrics["api"]["p99"] or 0.0)
        self._metrics, self._health = metrics, health

    def draw(self, width: int, height: int) -> RenderableType:
        """Return the whole screen for a terminal of that many columns and lines."""
        if not self._metrics:
            return self._head()
        issues = self._issues()
        rows = max(3, height - 12 - len(issues))
        wide = width >= _WIDE
        rows = rows if wide else max(3, rows // 2 - 2)
        tables = [self._clinics(rows), self._routes(rows)]
        body: RenderableType = _beside(*tables) if wide else Group(*tables)
        return Group(self._head(), self._numbers(), *issues, body)

    def _head(self) -> RenderableType:
        status = str(self._health.get("status", "waiting"))
        # A service that runs and breaks its promises gets no all-clear.
        if status == "ok" and any(map(of_the_whole, self._metrics.get("issues", ()))):
            status = "objective broken"
        text = Text.assemble((f" {status} ", f"bold {_STATUS.get(status, 'blue')} reverse"), f"  {self.url}")
        for check in self._health.get("checks") or ():
            good = check["healthy"]
            text.append(f"   {check['name']} ", "green" if good else "red")
            text.append(f"{check['latencyMs']:.1f} ms" if good else str(check["problem"]))
        if self.problem:
            text.append(f"   {self.problem}; the figures are old", "bold red")
        return text

    def _numbers(self) -> RenderableType:
        api, cache = self._metrics["api"], self._metrics["cache"]
        broken = self._broken().get(None, set())
        window = self._metrics["window"]
        over = window["requests"] / window["seconds"] if window["seconds"] else 0.0
        pairs = [
            _pair("requests", f"{self._rates[-1] if self._rates else over:,.1f}/s", spark(self._rates)),
            _pair("average", _ms(api["avgResponseTime"]), bad="latency_mean" in broken),
            _pair("P50", _ms(api["p50"])),
            _pair("P95", _ms(api["p95"])),
            _pair("P99", _ms(api["p99"]), spark(self._p99s)),
            _pair("errors", api["errorRate"] or _NOTHING, bad="error_ratio" in broken),
            _pair("hits", cache["hitRate"] or _NOTHING, bad="hit_ratio" in broken),
        ]
        domains = "  ".join(f"{one['domain']} {one['hitRate'] or _NOTHING}" for one in cache["domains"])
        body = Group(Columns(pairs, padding=(0, 3)), Text(domains, "dim"))
        return Panel(body, title=f"over {window['seconds']:.0f} s", title_align="right", border_style="dim")

    def _issues(self) -> list[RenderableType]:
        found = issue_lines(self._metrics["issues"])
        lines: list[RenderableType] = [
            Text(f"! {line}", "yellow", no_wrap=True, overflow="ellipsis") for line in found[:_ISSUES]
        ]
        return [*lines, Text(f"  and {len(found) - _ISSUES} more", "dim")] if len(found) > _ISSUES else lines

    def _clinics(self, rows: int) -> RenderableType:
        table = _table("Clinic", "Requests", "Average", "P99", "Errors", "Hits")
        suffering = self._broken()
        ordered = sorted(
            self._metrics["tenants"], key=lambda one: (one["clinicId"] not in suffering, -one["requests"])
        )
        for one in ordered[:rows]:
            broken = suffering.get(one["clinicId"], set())
            table.add_row(
                str(one["clinicId"]),
                f"{one['requests']:,}",
                _bad(_ms(one["avgResponseTime"]), "latency_mean" in broken),
                _ms(one["p99"]),
                _bad(one["errorRate"] or _NOTHING, "error_ratio" in broken),
                _bad(one["hitRate"] or _NOTHING, "hit_ratio" in broken),
            )
        return table

    def _routes(self, rows: int) -> RenderableType:
        table = _table("Route", "Requests", "Average", "P99", "Errors")
        for one in sorted(self._metrics["routes"], key=lambda one: -one["requests"])[:rows]:
            table.add_row(
                Text(f"{one['method']} {one['route']}", overflow="ellipsis", no_wrap=True),
                f"{one['requests']:,}",
                _ms(one["avgResponseTime"]),
                _ms(one["p99"]),
                one["errorRate"] or _NOTHING,
            )
        return table

    def _broken(self) -> dict[object, set[str]]:
        """Return the broken objectives by clinic; None stands for the whole service."""
        broken: dict[object, set[str]] = {}
        for issue in self._metrics["issues"]:
            if "route" not in issue:
                broken.setdefault(issue.get("clinicId"), set()).add(issue["objective"])
        return broken


def spark(values: Sequence[float]) -> str:
    """Draw numbers as one line of bars, the highest one full; one number is no line."""
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    top = max(values)
    if top <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in values)


def _beside(*tables: RenderableType) -> Table:
    grid = Table.grid(expand=True, padding=(0, 3))
    for _ in tables:
        grid.add_column(ratio=1)
    grid.add_row(*tables)
    return grid


def _table(*heads: str) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if at else "left", no_wrap=True, ratio=None if at else 1)
    return table


def _pair(name: str, value: str, line: str = "", *, bad: bool = False) -> Text:
    return Text.assemble((f"{name} ", "dim"), (value, "bold red" if bad else "bold"), (f" {line}", "blue"))


def _bad(text: str, broken: bool) -> Text:  # noqa: FBT001 - a fact, not a switch
    return Text(text, "bold red" if broken else "")


def _ms(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"  # noqa: PLR2004 - three digits
