"""The text of a scrape, written column by column.

A line is four pieces: what precedes the row's labels, the labels, what follows them, the
value. The pieces of many rows are put into one list by strided slices and joined, so every
loop over values runs in C: about 0.1 us a line, against 6 us for an object a sample.
Formats: Prometheus text 0.0.4 and OpenMetrics 1.0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import add

import msgspec
from prometheus_client.utils import floatToGoString

from monitor.metrics.catalogue import Kind
from monitor.metrics.reading import Family

# The pieces of this many rows are joined without letting another thread run: below a millisecond.
ROWS_A_SLICE = 100
_ENCODE = msgspec.json.Encoder().encode


def render(family: Family, *, openmetrics: bool) -> Iterator[str]:
    """Write one family in pieces; each piece starts with a line break and ends without one."""
    if family.labels:
        yield _head(family, openmetrics=openmetrics)
    lines = list(_lines(family))
    texts = [_row_text(family, labels) for labels in family.labels]
    marks = _exemplar_marks(family) if openmetrics else {}
    for start in range(0, len(texts), ROWS_A_SLICE):
        rows = texts[start : start + ROWS_A_SLICE]
        columns = list(_columns(family, start, len(rows)))
        for row, bucket, mark in _within(marks, start, len(rows)):
            columns[bucket][row] += mark
        yield _join(lines, rows, columns)


def _head(family: Family, *, openmetrics: bool) -> str:
    metric = family.metric
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


def _lines(family: Family) -> Iterator[tuple[str, str]]:
    """What precedes and follows the row's labels, for each line of a row."""
    metric = family.metric
    name = f"{metric.name}_info" if metric.kind is Kind.INFO else metric.name
    if metric.kind is not Kind.HISTOGRAM:
        names = metric.labels[len(metric.labels) - len(family.variants[0]) :]
        for variant in family.variants:
            yield _line(name, _label_text(names, variant), labelled=len(variant) < len(metric.labels))
        return
    labelled = bool(metric.labels)
    for bound in (*metric.buckets, float("inf")):
        yield _line(f"{name}_bucket", f'le="{_go(bound)}"', labelled=labelled)
    yield _line(f"{name}_count", "", labelled=labelled)
    yield _line(f"{name}_sum", "", labelled=labelled)


def _line(name: str, extra: str, *, labelled: bool) -> tuple[str, str]:
    if not labelled and not extra:
        return f"\n{name}", " "
    return f"\n{name}{{", f"{',' if labelled and extra else ''}{extra}}} "


def _row_text(family: Family, labels: tuple[str, ...]) -> str:
    return _label_text(family.metric.labels[: len(labels)], labels)


def _label_text(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _columns(family: Family, start: int, rows: int) -> Iterator[list[str]]:
    """The values of each line for `rows` rows from `start`, as text."""
    width = family.buckets
    if not width:
        stride = len(family.variants)
        for column in range(stride):
            yield _numbers(family.values[start * stride + column : (start + rows) * stride : stride])
        return
    counts = family.counts[start * width : (start + rows) * width]
    running: list[int] = [0] * rows
    for bucket in range(width):
        running = list(map(add, running, counts[bucket::width]))
        yield _numbers(running)
    yield _numbers(running)
    yield _numbers(family.values[start : start + rows])


def _numbers(values: Sequence[float]) -> list[str]:
    if not values:
        return []
    text = _ENCODE(values)[1:-1].decode()
    # JSON has no infinity and no NaN; only a gauge can hold them.
    return [_go(value) for value in values] if "null" in text else text.split(",")


def _go(value: float) -> str:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text


def _exemplar_marks(family: Family) -> dict[int, list[tuple[int, str]]]:
    marks: dict[int, list[tuple[int, str]]] = {}
    values = _numbers([value for _, value, _ in family.exemplars.values()])
    stamps = _numbers([stamp for _, _, stamp in family.exemplars.values()])
    for (index, (trace, _, _)), value, stamp in zip(family.exemplars.items(), values, stamps, strict=True):
        row, bucket = divmod(index, family.buckets)
        marks.setdefault(row, []).append((bucket, f' # {{trace_id="{trace}"}} {value} {stamp}'))
    return marks


def _within(marks: dict[int, list[tuple[int, str]]], start: int, rows: int) -> Iterator[tuple[int, int, str]]:
    if marks:
        for row in range(start, start + rows):
            for bucket, mark in marks.get(row, ()):
                yield row - start, bucket, mark


def _join(lines: list[tuple[str, str]], rows: list[str], columns: list[list[str]]) -> str:
    stride = 4 * len(lines)
    pieces = list(chain.from_iterable((before, "", after, "") for before, after in lines)) * len(rows)
    for line, column in enumerate(columns):
        pieces[4 * line + 1 :: stride] = rows
        pieces[4 * line + 3 :: stride] = column
    return "".join(pieces)
