"""The kinds of panels in use, with the choices that hold for all of one kind made once."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.definitions.dashboards.panel import BLUE, NO_BOUNDS, Bounds, Json, Panel, Query, fixed


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
    legend: str = "table",
    overrides: Sequence[Json] = (),
) -> Panel:
    """Draw lines over time; bounds are drawn as dashed lines, and legends name last and highest value."""
    custom: Json = {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1 if stacked else 2,
        "fillOpacity": 30 if stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if bounds.steps else "off"},
    }
    defaults = _defaults(unit, bounds, minimum, maximum) | {
        "color": {"mode": "palette-classic"},
        "custom": custom,
    }
    options: Json = {
        "legend": {
            "showLegend": legend != "hidden",
            "displayMode": "list" if legend == "hidden" else legend,
            "placement": "bottom",
            "calcs": ["lastNotNull", "max"] if legend == "table" else [],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel("timeseries", title, description, queries, width, height, defaults, options, overrides)


def stat(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 4,
    height: int = 4,
    bounds: Bounds = NO_BOUNDS,
    decimals: int | None = None,
    no_value: str = "",
    mappings: Sequence[Json] = (),
) -> Panel:
    """Show the last value, coloured by its bounds, over its own history."""
    defaults = _defaults(unit, bounds, None, None) | {
        "color": {"mode": "thresholds"} if bounds.steps else fixed(BLUE),
        "mappings": list(mappings),
    }
    if decimals is not None:
        defaults["decimals"] = decimals
    if no_value:
        defaults["noValue"] = no_value
    options: Json = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "auto",
        "textMode": "auto",
        "colorMode": "value",
        "graphMode": "none" if all(query.instant for query in queries) else "area",
        "justifyMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
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
