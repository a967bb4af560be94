"""Cells: private or in a file, with a lock that says whether the owner lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from monitor.metrics.memory import Memory, locked


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


@contextmanager
def child() -> Iterator[None]:
    """Fork a child that does nothing and lives until the block ends."""
    kept, written = os.pipe()
    heard, said = os.pipe()
    number = os.fork()
    if number == 0:
        os.close(written)
        os.write(said, b"here")
        os.read(kept, 1)
        os._exit(0)
    os.read(heard, 4)
    try:
        yield
    finally:
        for descriptor in (written, kept, heard, said):
            os.close(descriptor)
        os.waitpid(number, 0)


def test_a_forked_child_does_not_keep_its_parent_alive(tmp_path: Path) -> None:
    """A worker that forked a helper and died is dead, though the helper lives on."""
    mine = Memory.create(tmp_path / "w.worker", 4)
    theirs = Memory.attach(tmp_path / "w.worker", 4)
    with child():
        assert theirs.is_owned()
        mine.close()
        assert not theirs.is_owned()
    theirs.close()


def test_a_fork_in_the_middle_of_a_lock_does_not_hold_it_for_ever(tmp_path: Path) -> None:
    """The lock is free once the parent has let it go, whatever the child does."""
    path = tmp_path / "lock"
    with ExitStack() as stack:
        with locked(path, fcntl.LOCK_EX):
            stack.enter_context(child())
        with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            pass
