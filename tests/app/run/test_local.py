"""The folder of a development machine."""

from __future__ import annotations

from pathlib import Path

from app.config import AppConfig
from app.run import local


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    """The first call makes keys that only the owner may read, later ones return the same."""
    folder = tmp_path / "var"
    first = local.prepare(folder)
    assert (folder / "keys.env").stat().st_mode & 0o777 == 0o600
    assert local.prepare(folder) == first == local.variables(folder)


def test_two_folders_have_different_keys(tmp_path: Path) -> None:
    """A token of one machine is worth nothing on another."""
    one, other = local.prepare(tmp_path / "one"), local.prepare(tmp_path / "other")
    assert one["TASKMED_TOKEN_KEYS"] != other["TASKMED_TOKEN_KEYS"]


def test_an_unprepared_folder_stands_for_nothing(tmp_path: Path) -> None:
    """Reading makes nothing."""
    assert local.variables(tmp_path / "var") == {}
    assert not (tmp_path / "var").exists()


def test_an_interrupted_first_call_does_no_harm(tmp_path: Path) -> None:
    """A draft that was left behind is written anew."""
    (tmp_path / "keys.new").write_text("TASKMED_TOKEN_KEYS=")
    assert set(local.prepare(tmp_path)) == {"DATABASE_URL", "TASKMED_TOKEN_KEYS", "TASKMED_SEALING_KEYS"}


def test_the_variables_are_a_whole_configuration(tmp_path: Path) -> None:
    """The service starts with them alone, on a database in the folder."""
    config = AppConfig.from_environ(local.prepare(tmp_path))
    assert config.database_url.reveal() == f"sqlite+aiosqlite:///{tmp_path}/taskmed.db"


def test_a_filled_database_is_remembered_while_it_is_there(tmp_path: Path) -> None:
    """Only the folder's own database counts, and only until it is removed."""
    url = local.prepare(tmp_path)["DATABASE_URL"]
    database = tmp_path / "taskmed.db"
    database.touch()
    assert not local.is_filled(tmp_path, url)
    local.note_filled(tmp_path)
    assert local.is_filled(tmp_path, url)
    assert not local.is_filled(tmp_path, "postgresql+asyncpg://db/taskmed")
    database.unlink()
    assert not local.is_filled(tmp_path, url)


def test_another_versions_database_is_looked_at_again(tmp_path: Path) -> None:
    """A stamp of other migrations or other demo data is worth nothing."""
    url = local.prepare(tmp_path)["DATABASE_URL"]
    (tmp_path / "taskmed.db").touch()
    (tmp_path / "filled.sha256").write_text("of another version")
    assert not local.is_filled(tmp_path, url)
