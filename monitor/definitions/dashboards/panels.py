"""The kinds of panels in use, with the choices that hold for all of one kind made once."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.definitions.dashboards.panel import BLUE, NO_BOUNDS, Bounds, Json, Panel, Query, fixed

_FEW, _WIDE = 3, 12
_CALCS = ["lastNotNull", "max"]
# What an idle panel's axis still shows, by unit; without it a line at zero has an axis up to 100.
_SMALL = {"reqps": 1.0, "ops": 1.0, "cps": 1.0, "cpm": 1.0, "short": 5.0, "none": 1.0}


def _defaults(unit: str, bounds: Bounds, minimum: float | None, maximum: float | None) -> Json:
    defaults: Json = {"unit": unit, "thresholds": bounds.document()}
    if minimum is not None:
        defaults["min"] = minimum
    if maximum is not None:
        defaults["max"] = maximum
    return defaults


def timeseries(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    height: int = 8,
    bounds: Bounds = NO_BOUNDS,
    stacked: bool = False,
    minimum: float | None = 0,
    maximum: float | None = None,
    overrides: Sequence[Json] = (),
    wide_range: bool = False,
) -> Panel:
    """Draw lines over time: bounds as dashed lines, legends with the last and the highest value.

    A single line takes the colours of its bounds. `wide_range` draws a logarithmic axis, for
    values that are far from their bound and must be seen to move all the same; no bound widens
    such an axis, so it must be one of the lines (`asking.line_at`).
    """
    many = len(queries) > _FEW or any(map(_makes_many, queries))
    custom = _lines(bounds, many=many, stacked=stacked)
    soft = _soft_maximum(unit, bounds)
    if soft is not None and maximum is None:
        custom["axisSoftMax"] = soft
    if wide_range:
        custom["scaleDistribution"] = {"type": "log", "log": 2 if unit == "bytes" else 10}
    alone = bool(bounds.steps) and len(queries) == 1 and not many
    if alone:
        custom["gradientMode"] = "scheme"
    defaults = _defaults(unit, bounds, None if wide_range else minimum, maximum) | {
        "color": {"mode": "thresholds" if alone else "palette-classic"},
        "custom": custom,
    }
    options: Json = {"legend": _legend(width, many=many), "tooltip": {"mode": "multi", "sort": "desc"}}
    return Panel("timeseries", title, description, queries, width, height, defaults, options, overrides)


def _makes_many(query: Query) -> bool:
    """Say whether one query draws a line for each value of a label."""
    return "{{" in query.legend and query.legend != "{{job}}"


def _lines(bounds: Bounds, *, many: bool, stacked: bool) -> Json:
    """Return how lines are drawn: areas where they are stacked, plain lines where there are many."""
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1 if stacked else 2,
        "fillOpacity": 30 if stacked else 0 if many else 8,
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if bounds.steps else "off"},
    }


def _soft_maximum(unit: str, bounds: Bounds) -> float | None:
    """Keep the bounds in sight, and a line at zero at the foot of its panel."""
    return bounds.steps[-1][0] * 1.2 if bounds.steps else _SMALL.get(unit)


def _legend(width: int, *, many: bool) -> Json:
    """Show values beside wide panels and below single lines; narrow panels of many lines show names."""
    legend: Json = {"showLegend": True, "displayMode": "table", "placement": "bottom", "calcs": _CALCS}
    if many and width < _WIDE:
        return legend | {"displayMode": "list", "calcs": []}
    if many:
        legend |= {"placement": "right", "width": 360}
    return legend | {"sortBy": "Last *", "sortDesc": True}


def stat(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 4,
    height: int = 5,
    bounds: Bounds = NO_BOUNDS,
    decimals: int | None = None,
) -> Panel:
    """Show the last value, coloured by its bounds, over its own history."""
    defaults = _defaults(unit, bounds, None, None) | {
        "color": {"mode": "thresholds"} if bounds.steps else fixed(BLUE),
    }
    if decimals is not None:
        defaults["decimals"] = decimals
    options: Json = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "auto",
        "textMode": "auto",
        "colorMode": "value",
        "graphMode": "none" if all(query.instant for query in queries) else "area",
        "justifyMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
    return Panel("stat", title, description, queries, width, height, defaults, options)


def heatmap(
    title: str, description: str, query: Query, *, unit: str = "s", width: int = 12, height: int = 9
) -> Panel:
    """Show how the buckets of a histogram fill over time, with a point for each exemplar."""
    options: Json = {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "steps": 64,
            "exponent": 0.5,
            "fill": "dark-orange",
            "reverse": False,
        },
        "exemplars": {"color": "rgba(31, 120, 193, 0.9)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    defaults: Json = {"custom": {"scaleDistribution": {"type": "linear"}}}
    return Panel("heatmap", title, description, (query,), width, height, defaults, options)


def states(
    title: str,
    description: str,
    *queries: Query,
    mappings: Sequence[Json],
    width: int = 12,
    height: int = 6,
) -> Panel:
    """Show what state each series was in, over time."""
    defaults: Json = {
        "unit": "none",
        "color": {"mode": "thresholds"},
        "thresholds": NO_BOUNDS.document(),
        "mappings": list(mappings),
        "custom": {"fillOpacity": 75, "lineWidth": 0},
    }
    options: Json = {
        "alignValue": "left",
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Panel("state-timeline", title, description, queries, width, height, defaults, options)


def mapped(**names: tuple[str, str]) -> Json:
    """Map values to text and colour: `mapped(v0=("down", RED), v1=("up", GREEN))`."""
    options = {
        value.removeprefix("v"): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(names.items())
    }
    return {"type": "value", "options": options}
