"""A week-old past for a Prometheus that has just begun, so that "a week before" has something to show."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from monitor.definitions import recorded
from tests.binaries import need

_WEEK_S, _AROUND_S, _STEP_S = 7 * 86_400, 1_800, 30
_PAST = {
    f'{recorded.REQUESTS}{{job="taskmed"}}': 20.0,
    f'{recorded.MEAN}{{job="taskmed"}}': 0.012,
    f'{recorded.TENANT_REQUESTS}{{job="taskmed",tenant="2"}}': 12.0,
    f'{recorded.TENANT_REQUESTS}{{job="taskmed",tenant="3"}}': 8.0,
}


def write_last_week(folder: Path) -> None:
    """Write blocks of recorded series around this time a week ago into a Prometheus' data folder."""
    middle = int(time.time()) - _WEEK_S
    times = range(middle - _AROUND_S, middle + _AROUND_S, _STEP_S)
    lines = [f"{series} {value} {at}" for series, value in _PAST.items() for at in times]
    text = folder / "last-week.txt"
    text.write_text("\n".join([*lines, "# EOF\n"]))
    command = (need("promtool", newer=True), "tsdb", "create-blocks-from", "openmetrics")
    subprocess.run([*command, text, folder / "tsdb"], check=True, capture_output=True, timeout=60)
