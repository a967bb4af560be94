"""Cells: private or in a file, with a lock that says whether the owner lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.metrics.memory import Memory


def test_private_cells_begin_at_nothing() -> None:
    """A private memory is all zero and holds what is written to it."""
    memory = Memory.private(4)
    assert memory.ints.tolist() == [0, 0, 0, 0]
    memory.floats[2] = 1.5
    assert memory.floats[2] == 1.5
    assert memory.is_owned()
    memory.close()


def test_two_mappings_of_a_file_share_cells(tmp_path: Path) -> None:
    """What one mapping writes the other reads."""
    mine = Memory.create(tmp_path / "w.worker", 4)
    theirs = Memory.attach(tmp_path / "w.worker", 4)
    mine.ints[3] = 7
    assert theirs.ints[3] == 7
    mine.close()
    theirs.close()


def test_a_file_is_owned_while_its_creator_holds_it(tmp_path: Path) -> None:
    """The lock ends with the owner, and probing it leaves no lock behind."""
    mine = Memory.create(tmp_path / "w.worker", 4)
    theirs = Memory.attach(tmp_path / "w.worker", 4)
    assert theirs.is_owned()
    mine.close()
    assert not theirs.is_owned()
    assert not theirs.is_owned()
    theirs.close()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """Attaching to a file that is gone says so."""
    with pytest.raises(FileNotFoundError):
        Memory.attach(tmp_path / "gone", 4)


def test_zeroing_touches_only_its_cells() -> None:
    """Zeroing a run leaves its neighbours."""
    memory = Memory.private(4)
    for cell in range(4):
        memory.ints[cell] = 9
    memory.zero(1, 2)
    assert memory.ints.tolist() == [9, 0, 0, 9]
    memory.close()
