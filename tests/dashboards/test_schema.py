"""Every dashboard has the types that Grafana publishes, of two releases; and what has not is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.boards import BOARDS, Json, panels
from tests.dashboards.typescript import RELEASES, complaints

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", BOARDS)
def test_the_types_hold(name: str, release: str, tmp_path: Path) -> None:
    """Grafana's own compiler types accept the dashboard, its panels' options and their fields."""
    said = complaints(BOARDS[name], release, tmp_path)

    assert not said, said


def _first(board: Json, kind: str) -> Any:
    return next(panel for panel in panels(board) if panel["type"] == kind)


MUTANTS: dict[str, Callable[[Json], Any]] = {
    "an unknown key of the dashboard": lambda board: board.update(taggs=["x"]),
    "a schema version as text": lambda board: board.update(schemaVersion="42"),
    "a crosshair that does not exist": lambda board: board.update(graphTooltip=7),
    "a place as text": lambda board: _first(board, "stat")["gridPos"].update(x="0"),
    "an unknown key of a panel": lambda board: _first(board, "stat").update(titel="x"),
    "a threshold mode that does not exist": lambda board: _first(board, "stat")["fieldConfig"]["defaults"][
        "thresholds"
    ].update(mode="relative"),
    "an unknown option": lambda board: _first(board, "timeseries")["options"].update(legends={}),
    "a legend that does not exist": lambda board: _first(board, "timeseries")["options"]["legend"].update(
        displayMode="grid"
    ),
    "an unknown field": lambda board: _first(board, "timeseries")["fieldConfig"]["defaults"]["custom"].update(
        lineWith=2
    ),
    "a colour mode that does not exist": lambda board: _first(board, "stat")["options"].update(
        colorMode="rainbow"
    ),
    "a variable type that does not exist": lambda board: board["templating"]["list"][0].update(
        type="sources"
    ),
    "missing overrides": lambda board: _first(board, "stat")["fieldConfig"].pop("overrides"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_refused(mutant: str, tmp_path: Path) -> None:
    """The check above means something: one wrong word anywhere and the compiler says so."""
    board = copy.deepcopy(BOARDS["service"])
    MUTANTS[mutant](board)

    assert "error TS" in complaints(board, RELEASES[-1], tmp_path)
