"""No metric exists outside the catalogue."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from monitor.metrics.catalogue import CATALOGUE, Kind
from tests.monitor.clinic import clinic, make_tables

ROOT = Path(__file__).parents[2]
INSTRUMENTS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
DECLARED = {metric.name.removesuffix("_total"): metric for metric in CATALOGUE}


def test_no_source_makes_an_instrument_of_the_client_library() -> None:
    """Instruments come from the columns, which know the catalogue's families alone."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("monitor", "app")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("prometheus_client")
        and INSTRUMENTS & {alias.name for alias in node.names}
    ]

    assert wrong == []


async def test_a_scrape_of_a_running_service_names_declared_families_only(sqlite_url: str) -> None:
    """Names, types and labels of everything exposed are those of the catalogue."""
    await make_tables(sqlite_url)
    async with clinic(sqlite_url) as service:
        await service.write("a note")
        await service.get()
        await service.get("/nowhere")
        accept = {"accept": "application/openmetrics-text; version=1.0.0"}
        scrape = await service.ask("GET", "/metrics", headers=accept)
    families: list[Any] = list(text_string_to_metric_families(scrape.text))  # type: ignore[no-untyped-call]

    assert len(families) > 20
    for family in families:
        metric = DECLARED[family.name]
        extra = {"le"} if metric.kind is Kind.HISTOGRAM else set()
        assert family.type == str(metric.kind)
        for sample in family.samples:
            assert set(sample.labels) - extra == set(metric.labels), sample
