"""`taskmed revoke` withdraws tokens at a running service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from app.commands import revoke as command
from app.commands.cli import app
from tests.app.service import KEY_TEXT


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Give what would be sent, answered as by three workers of which one is late."""
    found: list[Any] = []

    def ask(method: str, url: str, _token: object, body: object) -> Any:
        found.append((method, url, body))
        return iter([json.loads('{"reached": 2, "missing": 1}')])

    monkeypatch.setattr(command, "ask", ask)
    monkeypatch.setenv("TASKMED_TOKEN_KEYS", KEY_TEXT)
    return found


def test_a_user_is_withdrawn_and_a_late_worker_named(sent: list[Any]) -> None:
    """The command says how many workers refuse the tokens, and ends with 1 where one has not said so."""
    result = CliRunner().invoke(app, ["revoke", "--user", "u-7", "--clinic", "3", "--url", "http://h"])

    assert [("POST", "http://h/api/tokens/revocations", {"user": "u-7", "clinicId": 3})] == sent
    assert (1, True, True) == (result.exit_code, "2 workers" in result.output, "1 have not" in result.output)


@pytest.mark.parametrize("words", [[], ["--user", "a", "--token-id", "b"]])
def test_one_of_both_is_named(sent: list[Any], words: list[str]) -> None:
    """Nothing is sent where it is not clear what is meant."""
    assert 2 == CliRunner().invoke(app, ["revoke", *words]).exit_code
    assert [] == sent
