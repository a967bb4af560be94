"""The command line, through its own entry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.auth import Role, TokenResolver
from app.commands.cli import app, main
from monitor.clock import SystemClock
from tests.app.service import KEY, KEY_TEXT


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKMED_TOKEN_KEYS", KEY_TEXT)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'taskmed.db'}")


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("words", "role", "clinic"),
    [
        (("--clinic", "7"), Role.STAFF, 7),
        (("--clinic", "7", "--role", "admin"), Role.ADMIN, 7),
        (("--role", "operator"), Role.OPERATOR, None),
    ],
)
def test_a_minted_token_proves_what_was_asked_for(
    words: tuple[str, ...], role: Role, clinic: int | None
) -> None:
    """The service itself reads clinic and role from the token."""
    done = _run("token", *words)
    assert done.exit_code == 0
    identity = TokenResolver((KEY,), SystemClock()).resolve(f"Bearer {done.output.strip()}".encode())
    assert (identity.role, identity.tenant) == (role, clinic)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("token",), "belong to a clinic"),
        (("token", "--clinic", "1", "--role", "operator"), "an operator to none"),
        (("token", "--clinic", "1", "--role", "owner"), "must be one of staff, admin, operator"),
        (("token", "--clinic", "0"), "greater than or equal to 1"),
        (("load", "--url", "http://192.0.2.1"), "not on this machine"),
        (("cache", "off", "--url", "ftp://x"), "must begin with http:// or https://"),
        (("cache", "warm", "--rate", "0"), "greater than or equal to 0.1"),
        (("cache", "of"), "No such command 'of'"),
    ],
)
def test_wrong_words_are_explained(words: tuple[str, ...], complaint: str) -> None:
    """A usage error names the option and what would be right, and ends with 2."""
    done = _run(*words)
    assert done.exit_code == 2
    assert complaint in " ".join(done.stderr.replace("│", " ").split())


def test_migrate_and_demo_fill_a_database_once() -> None:
    """The first `demo` fills in the clinics, the second finds them there."""
    assert _run("migrate").output.strip() == "the database is up to date"
    assert "24 clinics" in _run("demo").output
    assert "clinics" not in _run("demo").output


def test_a_known_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong variable ends the command with its name and the reason, and no traceback."""
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setattr("sys.argv", ["taskmed", "serve"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.strip() == "taskmed: PORT: must be a whole number from 1 to 65535"


def test_load_on_a_service_that_is_not_there_fails() -> None:
    """When nothing is answered the command ends with 1, and its summary says why."""
    done = _run("load", "--url", "http://127.0.0.1:9", "--rate", "0", "--requests", "5", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["total"]["errors"] == {"ClientConnectorError": 5}
