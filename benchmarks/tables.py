"""Tables of results: a line for each figure, a column for ours and each rival, ratios beside them."""

from __future__ import annotations

from collections.abc import Iterator

ASIDE = ("bars", "ratios", "machine", "date")


def table(result: dict[str, object]) -> str:
    """Render one module's result as Markdown."""
    systems = {
        name: dict(_flat(value))
        for name, value in result.items()
        if isinstance(value, dict) and name not in ASIDE
    }
    ours = systems.get("ours", {})
    names = ["ours", *(name for name in systems if name != "ours")] if ours else list(systems)
    fields = list(dict.fromkeys(field for name in names for field in systems[name]))
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for field in fields:
        cells = [_cell(systems[name].get(field), ours.get(field), own=name == "ours") for name in names]
        lines.append(f"| {field} | " + " | ".join(cells) + " |")
    return "\n".join((*lines, "", *_notes(result)))


def _notes(result: dict[str, object]) -> Iterator[str]:
    for name, value in result.items():
        if name in ("bars", "ratios") and isinstance(value, dict):
            yield (
                f"{name.capitalize()}: "
                + ", ".join(f"{key} {_number(one)}" for key, one in _flat(value))
                + ".\n"
            )
        elif name not in ASIDE and not isinstance(value, dict):
            yield f"{name}: {_number(value)}.\n"
    yield f"Measured on {result.get('machine', 'an unnamed machine')}, {result.get('date', '')}.\n"


def _flat(value: dict[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, one in value.items():
        name = f"{above} {key}".strip()
        if isinstance(one, dict):
            yield from _flat(one, name)
        else:
            yield name, one


def _cell(value: object, ours: object, *, own: bool) -> str:
    if value is None:
        return "-"
    text = _number(value)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (value, ours))
    if own or not numbers or not ours:
        return text
    return f"{text} ({value / ours:.2g})"  # type: ignore[operator]


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
