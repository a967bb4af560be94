"""What a panel is made of: queries, bounds, overrides, and the panel itself as Grafana reads it.

Plain dictionaries rather than a builder library: what is written is what is read here, and
the types are checked against Grafana's published schema in `tests/dashboards`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, RED, BLUE, GREY = "green", "#EAB839", "red", "blue", "#8E8E8E"
NO_COLOR = "transparent"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel.

    Attributes:
        expr: PromQL with Grafana's variables.
        legend: Legend with `{{label}}` placeholders.
        instant: Whether one value at the end of the range is asked for.
        form: `time_series`, `table` or `heatmap`.
        exemplar: Whether exemplars are asked for, to lead from a point to its trace.
    """

    expr: str
    legend: str = ""
    instant: bool = False
    form: str = "time_series"
    exemplar: bool = False

    def document(self, letter: str) -> Json:
        return {
            "refId": letter,
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend or "__auto",
            "format": self.form,
            "instant": self.instant,
            "range": not self.instant,
            "exemplar": self.exemplar,
        }


@dataclass(frozen=True, slots=True)
class Bounds:
    """Thresholds of a panel; the same numbers as the alerts'.

    Attributes:
        steps: Pairs of a value and the colour from it on; the first colour holds below.
        below: The colour below the first step.
    """

    steps: tuple[tuple[float, str], ...] = ()
    below: str = GREEN

    def quiet(self) -> Bounds:
        """Leave what is well without a colour, so that what is not stands out."""
        steps = tuple((value, NO_COLOR if color == GREEN else color) for value, color in self.steps)
        return Bounds(steps, NO_COLOR if self.below == GREEN else self.below)

    def document(self) -> Json:
        first: list[Json] = [{"color": self.below, "value": None}]
        return {
            "mode": "absolute",
            "steps": first + [{"color": color, "value": value} for value, color in self.steps],
        }


NO_BOUNDS = Bounds()


def worse_above(bound: float, warn: float | None = None) -> Bounds:
    """Turn red over the bound, yellow over the warning."""
    steps = ((bound, RED),) if warn is None else ((warn, YELLOW), (bound, RED))
    return Bounds(steps)


def worse_below(bound: float, good: float) -> Bounds:
    """Stay red under the bound, yellow up to what is normal."""
    return Bounds(((bound, YELLOW), (good, GREEN)), below=RED)


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel before it has its place.

    Attributes:
        kind: Grafana's panel type.
        title: Its title; unique in its dashboard, since alerts and runbooks name it.
        description: What it shows and how to read it.
        queries: Its queries.
        width: Columns of the 24 that it takes.
        height: Rows that it takes.
        defaults: Field defaults: unit, thresholds, bounds of the axis.
        options: The panel type's options.
        overrides: Field overrides.
        transformations: Transformations before it is drawn.
    """

    kind: str
    title: str
    description: str
    queries: tuple[Query, ...]
    width: int
    height: int
    defaults: Json
    options: Json
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    extra: Json = field(default_factory=dict)

    def document(self, number: int, x: int, y: int) -> Json:
        document: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "targets": [
                query.document(letter) for letter, query in zip(ascii_uppercase, self.queries, strict=False)
            ],
            "fieldConfig": {"defaults": self.defaults, "overrides": list(self.overrides)},
            "options": self.options,
        }
        if self.transformations:
            document["transformations"] = list(self.transformations)
        return document | self.extra


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, placed from left to right.

    Attributes:
        title: The heading.
        panels: The panels; those of one line have one height.
        collapsed: Whether it is closed at first, so that its queries run only when asked for.
    """

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


def by_name(name: str, **properties: Any) -> Json:
    """Override fields of one name; keyword `custom__x` sets `custom.x`."""
    return _override("byName", name, properties)


def by_regexp(pattern: str, **properties: Any) -> Json:
    """Override fields whose name matches."""
    return _override("byRegexp", pattern, properties)


def _override(matcher: str, options: str, properties: Json) -> Json:
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()],
    }


def fixed(color: str) -> Json:
    """Paint in one colour."""
    return {"mode": "fixed", "fixedColor": color}
