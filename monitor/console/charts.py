"""Charts as SVG, drawn by the service: lines over time, bars in a table's cell.

Only the plot is SVG and stretches with the page; the axes are HTML, so that their text keeps
its size on a phone. Nothing carries a style of its own: the policy allows none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

from markupsafe import Markup

from monitor.console.html import (
    caption,
    details,
    div,
    h3,
    li,
    markup,
    span,
    summary,
    table,
    tag,
    tbody,
    td,
    th,
    thead,
    tr,
    ul,
)

_WIDTH, _HEIGHT = 600.0, 160.0
_TICKS: Final = 4
# Each has quarters that read well, for the axis shows them.
_STEPS: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)

Words = Callable[[float | None], str]


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One line.

    Attributes:
        name: What the legend calls it.
        values: One for each moment; None leaves a gap.
    """

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over time.

    Attributes:
        title: The heading.
        times: The moments as text, oldest first.
        series: At most five lines, each with a value for each moment.
        words: Writes a value with its unit.
        bound: A threshold that is drawn across; None for none.
        top: The least upper end of the axis.
        most: The greatest upper end; a share never needs more than 1.
    """

    title: str
    times: Sequence[str]
    series: Sequence[ChartLine]
    words: Words
    bound: float | None = None
    top: float = 0.0
    most: float | None = None

    def draw(self) -> Markup:
        """Return the chart as a figure with its legend, a sentence for those who cannot see it, its data."""
        return tag(
            "figure",
            h3(self.title),
            self._legend(),
            div(self._scale(), self._plot(), self._moments(), class_="chart"),
            self._data(),
            class_="card wide",
        )

    @property
    def ceiling(self) -> float:
        """The upper end of the axis: a round number above everything drawn."""
        drawn = [value for line in self.series for value in line.values if value is not None]
        highest = max([*drawn, self.top, self.bound or 0.0]) * 1.02
        return round_up(highest) if self.most is None else min(round_up(highest), self.most)

    @property
    def sentence(self) -> str:
        """What the chart shows, in words."""
        parts = [
            f"{line.name} is {self.words(known[-1])} now, "
            f"between {self.words(min(known))} and {self.words(max(known))}"
            for line in self.series
            if (known := [value for value in line.values if value is not None])
        ]
        if not parts:
            return f"{self.title}: nothing measured yet."
        promise = "" if self.bound is None else f" The objective is {self.words(self.bound)}."
        return f"{self.title} since {self.times[0]} UTC: {'; '.join(parts)}.{promise}"

    def _legend(self) -> Markup:
        lines = [
            li(_swatch(f"line-{at}"), f"{line.name} ", span(self.words(_last(line.values)), class_="number"))
            for at, line in enumerate(self.series)
        ]
        if self.bound is not None:
            lines.append(li(_swatch("bound"), "objective ", span(self.words(self.bound), class_="number")))
        return ul(*lines, class_="legend")

    def _scale(self) -> Markup:
        ticks = [self.ceiling * tick / _TICKS for tick in range(_TICKS, -1, -1)]
        return div(*(span(self.words(value)) for value in ticks), class_="scale", aria_hidden="true")

    def _moments(self) -> Markup:
        if not self.times:
            return div(class_="moments")
        shown = dict.fromkeys((self.times[0], self.times[len(self.times) // 2], self.times[-1]))
        return div(*(span(at) for at in shown), class_="moments", aria_hidden="true")

    def _plot(self) -> Markup:
        grid = [
            tag("line", x1=0, x2=_WIDTH, y1=y, y2=y, class_="grid")
            for y in (_HEIGHT * tick / _TICKS for tick in range(_TICKS + 1))
        ]
        if self.bound is not None:
            y = self._y(self.bound)
            grid.append(tag("line", x1=0, x2=_WIDTH, y1=y, y2=y, class_="bound"))
        lines = [
            tag("polyline", points=points, class_=f"line line-{at}")
            for at, line in enumerate(self.series)
            for points in self._runs(line.values)
        ]
        return tag(
            "svg",
            *grid,
            *lines,
            *self._hints(),
            viewbox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
            preserveaspectratio="none",
            role="img",
            aria_label=self.sentence,
        )

    def _runs(self, values: Sequence[float | None]) -> list[str]:
        """The points of each unbroken run; a lone point becomes a short line, or it would not be seen."""
        runs: list[list[tuple[float, float]]] = [[]]
        for at, value in enumerate(values):
            if value is None:
                runs.append([])
            else:
                runs[-1].append((self._x(at), self._y(value)))
        return [
            " ".join(f"{x:.1f},{y:.1f}" for x, y in (run if len(run) > 1 else _dash(run[0])))
            for run in runs
            if run
        ]

    def _hints(self) -> list[Markup]:
        """A column for each moment that tells its values to who points at it."""
        width = _WIDTH / max(1, len(self.times))
        return [
            tag(
                "rect",
                tag("title", self._hint(at)),
                x=f"{max(0.0, self._x(at) - width / 2):.1f}",
                y=0,
                width=f"{width:.1f}",
                height=_HEIGHT,
                class_="hint",
            )
            for at in range(len(self.times))
        ]

    def _hint(self, at: int) -> str:
        return "\n".join(
            [self.times[at], *(f"{line.name} {self.words(line.values[at])}" for line in self.series)]
        )

    def _data(self) -> Markup:
        head = tr(th("Time, UTC", scope="col"), *(th(line.name, scope="col") for line in self.series))
        rows = [
            tr(th(when, scope="row"), *(td(self.words(line.values[at])) for line in self.series))
            for at, when in reversed(list(enumerate(self.times)))
        ]
        return details(
            summary("Data"),
            div(
                table(caption(self.title, class_="hidden"), thead(head), tbody(*rows)),
                class_="scroll",
                tabindex=0,
                role="region",
                aria_label=f"Data of: {self.title}",
            ),
        )

    def _x(self, at: int) -> float:
        return _WIDTH if len(self.times) < 2 else at * _WIDTH / (len(self.times) - 1)  # noqa: PLR2004 - a line has two ends

    def _y(self, value: float) -> float:
        return round(_HEIGHT * (1 - min(1.0, value / (self.ceiling or 1.0))), 1)


def bar(part: float, whole: float, kind: str = "plain") -> Markup:
    """Draw a bar as wide as `part` of `whole`; the number beside it says the same."""
    width = 100.0 * min(1.0, part / whole) if whole > 0 else 0.0
    return tag(
        "svg",
        tag("rect", width=f"{width:.1f}%", height="100%", class_=f"bar {kind}"),
        class_="meter",
        aria_hidden="true",
    )


def round_up(value: float) -> float:
    """Return the least round number that is not below `value`; 1 for nothing."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** (ceil(log10(value)) - 1)
    # Rounded, since 0.1 * 2.5 and the like are not exact.
    return next((round(scale * step, 12) for step in _STEPS if scale * step >= value), scale * 10)


def _dash(point: tuple[float, float]) -> list[tuple[float, float]]:
    x, y = point
    return [(max(0.0, x - 4), y), (min(_WIDTH, x + 4), y)]


def _last(values: Sequence[float | None]) -> float | None:
    return values[-1] if values else None


def _swatch(kind: str) -> Markup:
    line = tag("line", x1=0, x2=24, y1=4, y2=4, class_=f"line {kind}")
    return markup(tag("svg", line, viewbox="0 0 24 8", class_="swatch", aria_hidden="true"))
