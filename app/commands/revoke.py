"""`taskmed revoke`: tokens withdrawn before they expire, in every worker."""

from __future__ import annotations

from typing import Annotated

import typer

from app import config as configuration
from app.commands.cache import HERE
from app.commands.cache_switch import ask
from app.commands.operator_token import TokenFile, operator_token
from app.run import local

_PATH = "/api/tokens/revocations"


def revoke(
    user: Annotated[str | None, typer.Option(help="Withdraw every token that this user has now.")] = None,
    token_id: Annotated[str | None, typer.Option(help="Withdraw the one token of this id (`jti`).")] = None,
    clinic: Annotated[int | None, typer.Option(help="Their clinic; none for an operator's.", min=1)] = None,
    url: Annotated[str, typer.Option(help="Address of the service.")] = HERE,
    token_file: TokenFile = None,
) -> None:
    """Withdraw one token, or all of a user, in every worker of a running service."""
    if (user is None) == (token_id is None):
        raise typer.BadParameter("give either --user or --token-id")
    given = {"user": user, "tokenId": token_id, "clinicId": clinic}
    body = {name: value for name, value in given.items() if value is not None}
    keys = configuration.load(defaults=local.variables()).token_keys if token_file is None else ()
    [told] = ask("POST", url.rstrip("/") + _PATH, operator_token(keys, token_file, "cli"), body)
    typer.echo(f"withdrawn in {told['reached']} workers")
    if told["missing"]:
        typer.echo(f"{told['missing']} have not said so yet; they follow when they look", err=True)
        raise typer.Exit(1)
