"""`taskmed top` with its token: from a file, or minted with the keys of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from app.commands.operator_token import operator_token
from app.commands.top import ServiceFigures, run_top
from app.variables import Key


def show(url: str, keys: Sequence[Key], token_file: Path | None, *, every_s: float, once: bool) -> None:
    """Show the service at `url`.

    Args:
        url: Its address.
        keys: Keys of the bearer tokens; used where no file is given.
        token_file: Holds an operator's token; read again at each refresh, so that it may be renewed.
        every_s: Time between refreshes.
        once: Print one screen and end.

    Raises:
        ConfigurationError: The file cannot be read.
        TopRefused: The token is no operator's.
        Unreachable: There was no answer, and only one was asked for.
    """
    run_top(
        ServiceFigures(url, operator_token(keys, token_file, "top")),
        url,
        Console(),
        every_s=every_s,
        once=once,
    )
