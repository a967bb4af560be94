"""`taskmed cache`: an operator's hand on the cache of a running service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app import config as configuration
from app.commands.operator_token import TokenFile
from app.run import local
from app.variables import Key

cache = typer.Typer(help="Switch the cache of a running service, or warm it.", add_completion=False)
ClinicOption = Annotated[int | None, typer.Option(help="For this clinic alone.", min=1)]
DomainOption = Annotated[str | None, typer.Option(help="For this domain alone, such as contacts.")]


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("must begin with http:// or https://")
    return url


Url = Annotated[str, typer.Option(help="Address of the service.", callback=_checked)]
HERE = "http://127.0.0.1:8000"


@cache.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        status()


@cache.command()
def status(url: Url = HERE, token_file: TokenFile = None) -> None:
    """Say what of the cache is off, and what is on for a share."""
    _move(url, token_file=token_file)


@cache.command()
def off(
    clinic: ClinicOption = None, domain: DomainOption = None, url: Url = HERE, token_file: TokenFile = None
) -> None:
    """Switch the cache off for all, a clinic, a domain or both."""
    _move(url, enabled=False, clinic=clinic, domain=domain, token_file=token_file)


@cache.command()
def on(
    clinic: ClinicOption = None, domain: DomainOption = None, url: Url = HERE, token_file: TokenFile = None
) -> None:
    """Take back what was set for exactly this; nothing the cache held before is served."""
    _move(url, enabled=True, clinic=clinic, domain=domain, token_file=token_file)


@cache.command()
def share(
    part: Annotated[float, typer.Argument(help="Between 0, which is off, and 1.", min=0, max=1)],
    clinic: ClinicOption = None,
    domain: DomainOption = None,
    url: Url = HERE,
    token_file: TokenFile = None,
) -> None:
    """Let this share of the traffic use the cache: of all, a clinic, a domain or both."""
    _move(url, share=part, clinic=clinic, domain=domain, token_file=token_file)


@cache.command()
def warm(
    clinic: ClinicOption = None,
    rate: Annotated[float, typer.Option(help="Lookups a second.", min=0.1, max=10_000)] = 100.0,
    url: Url = HERE,
    token_file: TokenFile = None,
) -> None:
    """Ask for what clinics ask for first, so that it is cached, and show how far it is."""
    from app.commands.cache_warm import show  # noqa: PLC0415 - each command loads what it needs

    if not show(url, _keys(token_file), clinic, rate, token_file=token_file):
        raise typer.Exit(1)


def _move(
    url: str,
    *,
    enabled: bool | None = None,
    share: float | None = None,
    clinic: int | None = None,
    domain: str | None = None,
    token_file: Path | None,
) -> None:
    from app.commands.cache_switch import move  # noqa: PLC0415 - each command loads what it needs

    keys = _keys(token_file)
    said = move(url, keys, enabled=enabled, share=share, clinic=clinic, domain=domain, token_file=token_file)
    typer.echo(said)


def _keys(token_file: Path | None) -> Sequence[Key]:
    return () if token_file is not None else configuration.load(defaults=local.variables()).token_keys
