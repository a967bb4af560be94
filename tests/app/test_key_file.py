"""A file of keys is read when it changes, and a broken one changes nothing."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from app.key_file import KeyFile
from app.variables import Key

ONE, TWO = Key("one", b"1" * 32), Key("two", b"2" * 32)


def text_of(*keys: Key) -> str:
    return ",".join(f"{key.name}:{base64.b64encode(key.secret).decode()}" for key in keys)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a file with one key."""
    file = tmp_path / "keys"
    file.write_text(text_of(ONE))
    return file


def test_keys_are_told_once_they_are_others(path: Path) -> None:
    """Nothing is told of a file that stays; the new keys are told once."""
    keys = KeyFile(path)
    before = keys.changed()
    path.write_text(text_of(TWO, ONE))

    assert (None, (TWO, ONE), None) == (before, keys.changed(), keys.changed())


@pytest.mark.parametrize("text", ["", "nonsense", "one:c2hvcnQ=", "one:" + "A" * 44, "é"])
def test_a_broken_file_leaves_the_keys_from_before(path: Path, text: str) -> None:
    """A file half written, short of a key or with a key of zeros is passed over until it is right again."""
    keys = KeyFile(path)
    path.write_text(text, encoding="utf-8")
    broken = keys.changed()
    path.write_text(text_of(TWO))

    assert (None, (TWO,)) == (broken, keys.changed())


def test_a_file_that_is_gone_leaves_the_keys_from_before(path: Path) -> None:
    """A mount that comes back is read then."""
    keys = KeyFile(path)
    path.unlink()
    gone = keys.changed()
    path.write_text(text_of(TWO))

    assert (None, (TWO,)) == (gone, keys.changed())
