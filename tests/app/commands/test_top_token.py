"""Where `taskmed top` takes its token from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.auth import TokenResolver
from app.commands.top_token import show
from app.variables import Key
from monitor.clock import SystemClock
from monitor.errors import ConfigurationError
from tests.app.commands.test_top import Fake

KEY = Key("test", b"0" * 32)


@pytest.fixture
def fake() -> Any:
    """Give a service that answers."""
    yield from Fake.serving()


def test_a_token_is_minted_for_the_moment(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator's, with the keys of this machine, good for a minute."""
    show(fake.url, [KEY], None, every_s=2.0, once=True)
    identity = TokenResolver([KEY], SystemClock(), leeway_s=0).resolve((fake.tokens[0] or "").encode())
    assert identity.operator
    assert identity.expires_at <= SystemClock().time() + 60
    assert "12.5 ms" in capsys.readouterr().out


def test_a_token_of_a_file(fake: Fake, tmp_path: Path) -> None:
    """For a service whose keys are elsewhere; the token never stands on a command line."""
    path = tmp_path / "token"
    path.write_text("from-file\n")
    show(fake.url, (), path, every_s=2.0, once=True)
    assert fake.tokens == ["Bearer from-file"] * 2


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read(fake: Fake, tmp_path: Path, content: bytes | None) -> None:
    """One line that names the option, without the file's content."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="--token-file"):
        show(fake.url, (), path, every_s=2.0, once=True)
