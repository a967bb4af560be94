"""An operator's token for a command: from a file, or minted with the keys of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.auth import Role, TokenIssuer
from app.variables import Key
from monitor.clock import SystemClock
from monitor.errors import ConfigurationError

_TOKEN_S = 60.0

TokenFile = Annotated[
    Path | None, typer.Option(help="File with an operator's token; without it one is minted here.")
]


def operator_token(keys: Sequence[Key], token_file: Path | None, user: str) -> Callable[[], str]:
    """Return what gives a token for each request.

    Args:
        keys: Keys of the bearer tokens; used where no file is given.
        token_file: Holds an operator's token; read again each time, so that it may be renewed.
        user: Who asks, in the service's log.
    """

    def token() -> str:
        if token_file is None:
            return TokenIssuer(keys, SystemClock()).mint(role=Role.OPERATOR, user=user, lifetime_s=_TOKEN_S)
        try:
            return token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError("--token-file", f"cannot be read: {type(error).__name__}") from None

    return token
