"""Tables: one row a tenant, a route or a statement, one column a query."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from monitor.definitions.dashboards.panel import NO_BOUNDS, Bounds, Json, Panel, Query, by_name


@dataclass(frozen=True, slots=True)
class Column:
    """One column of numbers.

    Attributes:
        name: Its heading.
        expr: Instant query with a series for each row.
        unit: Its unit.
        bounds: Where its cells change colour.
        gauge: Whether its cells are drawn as bars.
    """

    name: str
    expr: str
    unit: str
    bounds: Bounds = NO_BOUNDS
    gauge: bool = False


def table(
    title: str,
    description: str,
    key: str,
    heading: str,
    *columns: Column,
    width: int = 24,
    height: int = 10,
    first_width: int = 190,
    link: Json | None = None,
) -> Panel:
    """Join queries by the label `key` into rows, sorted by the first column, greatest first."""
    queries = tuple(Query(column.expr, instant=True, form="table") for column in columns)
    names = {
        f"Value #{letter}": column.name for letter, column in zip(ascii_uppercase, columns, strict=False)
    }
    if len(columns) == 1:
        names = {"Value": columns[0].name}
    overrides = [by_name(column.name, **_cell(column)) for column in columns]
    first: dict[str, Any] = {"custom__width": first_width}
    if link:
        first["links"] = [link]
    overrides.append(by_name(heading, **first))
    return Panel(
        "table",
        title,
        description,
        queries,
        width,
        height,
        {
            "unit": "none",
            "noValue": "-",
            "thresholds": NO_BOUNDS.document(),
            "mappings": [
                {"type": "special", "options": {"match": "nan", "result": {"text": "-", "index": 0}}}
            ],
            "custom": {
                "align": "auto",
                "cellOptions": {"type": "auto"},
                "filterable": True,
                "inspect": False,
            },
        },
        {
            "frameIndex": 0,
            "cellHeight": "sm",
            "showHeader": True,
            "sortBy": [{"displayName": columns[0].name, "desc": True}],
        },
        overrides,
        _joined(key, heading, names),
    )


def _joined(key: str, heading: str, names: dict[str, str]) -> list[Json]:
    """Keep the key and the values only: labels that the queries do not share would split the rows."""
    order = {key: 0} | {value: index for index, value in enumerate(names, 1)}
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": [key, *names]}}},
        {
            "id": "organize",
            "options": {"excludeByName": {}, "indexByName": order, "renameByName": {key: heading, **names}},
        },
    ]


def _cell(column: Column) -> Json:
    properties: Json = {"unit": column.unit}
    if column.bounds.steps:
        properties["thresholds"] = column.bounds.quiet().document()
        properties["custom__cellOptions"] = {"type": "color-background", "mode": "basic"}
    elif column.gauge:
        properties["custom__cellOptions"] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        properties |= {"min": 0, "fieldMinMax": True}
    return properties
