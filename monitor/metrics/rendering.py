"""The text of a scrape, written column by column.

A line is four pieces: what precedes the row's labels, the labels, what follows them, the
value. The pieces of many rows are put into one list by strided slices and joined, so every
loop over values runs in C: about 0.1 us a line, against 6 us for an object a sample.
Formats: Prometheus text 0.0.4 and OpenMetrics 1.0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import add

import msgspec
from prometheus_client.utils import floatToGoString

from monitor.metrics.catalogue import Kind, Metric
from monitor.metrics.family import Family

_ENCODE = msgspec.json.Encoder().encode


def render(family: Family, *, openmetrics: bool) -> Iterator[str]:
    """Write one family in two pieces; each starts with a line break and ends without one."""
    if family.labels:
        yield render_head(family.metric, openmetrics=openmetrics)
        yield render_rows(family, openmetrics=openmetrics)


def render_rows(family: Family, *, openmetrics: bool) -> str:
    """Write the samples of a family, or of some of its rows."""
    rows = family.texts or [_label_text(family.metric.labels, labels) for labels in family.labels]
    columns = list(_columns(family))
    if openmetrics:
        _mark_exemplars(family, columns)
    return _join(_lines(family.metric, family.variants), rows, columns)


def render_head(metric: Metric, *, openmetrics: bool) -> str:
    """Write what precedes a family's samples."""
    name, kind = metric.name, str(metric.kind)
    if metric.kind is Kind.COUNTER and openmetrics:
        name = name.removesuffix("_total")
    if metric.kind is Kind.INFO and not openmetrics:
        name, kind = f"{name}_info", "gauge"
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    head = f"\n# HELP {name} {text}\n# TYPE {name} {kind}"
    if openmetrics and metric.unit and name.endswith(f"_{metric.unit}"):
        head += f"\n# UNIT {name} {metric.unit}"
    return head


@lru_cache(maxsize=256)
def _lines(metric: Metric, variants: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, str], ...]:
    """What precedes and follows the row's labels, for each line of a row."""
    name = f"{metric.name}_info" if metric.kind is Kind.INFO else metric.name
    if metric.kind is not Kind.HISTOGRAM:
        names = metric.labels[len(metric.labels) - len(variants[0]) :]
        labelled = len(names) < len(metric.labels)
        return tuple(_line(name, _label_text(names, each), labelled=labelled) for each in variants)
    labelled = bool(metric.labels)
    bounds = [f'le="{_go(bound)}"' for bound in (*metric.buckets, float("inf"))]
    return (
        *(_line(f"{name}_bucket", bound, labelled=labelled) for bound in bounds),
        _line(f"{name}_count", "", labelled=labelled),
        _line(f"{name}_sum", "", labelled=labelled),
    )


def _line(name: str, extra: str, *, labelled: bool) -> tuple[str, str]:
    if not labelled and not extra:
        return f"\n{name}", " "
    return f"\n{name}{{", f"{',' if labelled and extra else ''}{extra}}} "


def _label_text(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=False))


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _columns(family: Family) -> Iterator[list[str]]:
    """The values of each line of all rows, as text."""
    width, stride = family.buckets, len(family.variants)
    if not width:
        for column in range(stride):
            yield _numbers(family.values[column::stride])
        return
    running: list[int] = [0] * len(family.labels)
    for bucket in range(width):
        running = list(map(add, running, family.counts[bucket::width]))
        yield _numbers(running)
    yield _numbers(running)
    yield _numbers(family.values)


def _numbers(values: Sequence[float]) -> list[str]:
    if not values:
        return []
    text = _ENCODE(values)[1:-1].decode()
    # JSON has no infinity and no NaN; only a gauge can hold them.
    return [_go(value) for value in values] if "null" in text else text.split(",")


def _go(value: float) -> str:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text


def _mark_exemplars(family: Family, columns: list[list[str]]) -> None:
    """Put each exemplar behind the count of its bucket."""
    values = _numbers([value for _, value, _ in family.exemplars.values()])
    stamps = _numbers([stamp for _, _, stamp in family.exemplars.values()])
    for (index, (trace, _, _)), value, stamp in zip(family.exemplars.items(), values, stamps, strict=True):
        row, bucket = divmod(index, family.buckets)
        columns[bucket][row] += f' # {{trace_id="{trace}"}} {value} {stamp}'


def _join(lines: Sequence[tuple[str, str]], rows: list[str], columns: list[list[str]]) -> str:
    stride = 4 * len(lines)
    pieces = list(chain.from_iterable((before, "", after, "") for before, after in lines)) * len(rows)
    for line, column in enumerate(columns):
        pieces[4 * line + 1 :: stride] = rows
        pieces[4 * line + 3 :: stride] = column
    return "".join(pieces)
