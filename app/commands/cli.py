"""The command line: `taskmed` and its words."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from app import config as configuration
from app.commands.cache import cache
from app.commands.drill import drill
from app.commands.revoke import revoke
from app.config import AppConfig
from app.run import local
from app.serve import serve as serve_config
from monitor import __version__
from monitor.errors import MonitorError

app = typer.Typer(
    name="taskmed",
    help="A multi-tenant clinic service that is watched from the first request.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cache, name="cache")


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - typer hands it over
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def about(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


_HOUR = 3_600.0
Port = Annotated[int | None, typer.Option(help="Port to listen on (PORT).", min=1, max=65535)]
Folder = Annotated[Path, typer.Option(help="Where a development machine keeps its database and keys.")]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (HOST).")] = None,
    port: Port = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes (WORKERS).", min=1)] = None,
    server: Annotated[str | None, typer.Option(help="granian or uvicorn (TASKMED_SERVER).")] = None,
    *,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring the database up to date first.")] = False,
) -> None:
    """Serve until interrupted, as the environment says (.env.example explains each variable)."""
    config = _config(HOST=host, PORT=port, WORKERS=workers, TASKMED_SERVER=server)
    if migrate:
        _upgrade(config)
    serve_config(config)


@app.command()
def run(
    port: Port = None,
    folder: Folder = local.FOLDER,
    rate: Annotated[float, typer.Option(help="Requests a second of demo traffic; 0: none.", min=0)] = 5.0,
) -> None:
    """Prepare everything, then serve demo clinics with light traffic until Ctrl-C."""
    from app.run.demo_run import run_demo  # noqa: PLC0415 - each command loads what it needs

    overrides = {} if port is None else {"PORT": str(port)}
    run_demo(folder, overrides, rate)


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    _upgrade(_local_config())
    typer.echo("the database is up to date")


@app.command()
def demo() -> None:
    """Fill the database with the demo clinics that it does not hold."""
    from app.demo.command import fill  # noqa: PLC0415 - each command loads what it needs

    config = _local_config()
    _upgrade(config)
    fill(config)


@app.command()
def token(
    clinic: Annotated[int | None, typer.Option(help="The clinic; none for an operator.", min=1)] = None,
    role: Annotated[str, typer.Option(help="staff, admin or operator.")] = "staff",
    user: Annotated[str, typer.Option(help="An opaque id, never a name.")] = "cli",
    hours: Annotated[float, typer.Option(help="Hours until it expires.", min=0.01, max=24 * 365)] = 12.0,
) -> None:
    """Mint a bearer token and print it."""
    from app.auth import Role, TokenIssuer  # noqa: PLC0415 - each command loads what it needs
    from monitor.clock import SystemClock  # noqa: PLC0415

    if role not in {*Role}:
        raise typer.BadParameter(f"must be one of {', '.join(Role)}", param_hint="--role")
    issuer = TokenIssuer(_local_config().token_keys, SystemClock())
    try:
        typer.echo(issuer.mint(role=Role(role), user=user, clinic=clinic, lifetime_s=hours * _HOUR))
    except ValueError as error:
        raise typer.BadParameter(
            str(error), param_hint="--hours" if "hours" in str(error) else "--clinic"
        ) from None


@app.command()
def load(
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    rate: Annotated[
        float, typer.Option(help="Requests a second; 0: as many as the users can.", min=0, max=100_000)
    ] = 100.0,
    users: Annotated[int, typer.Option(help="Most requests in flight.", min=1, max=10_000)] = 50,
    seconds: Annotated[float, typer.Option(help="Length of the run.", min=0.1, max=86_400)] = 15.0,
    requests: Annotated[int, typer.Option(help="Most requests.", min=1, max=10_000_000)] = 1_000_000,
    clinics: Annotated[int, typer.Option(help="Clinics, from id 1 on.", min=1, max=100_000)] = 24,
    zipf: Annotated[float, typer.Option(help="Zipf's exponent; 0: all alike.", min=0, max=3)] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    elsewhere: Annotated[bool, typer.Option("--elsewhere", help="Allow a URL off this machine.")] = False,
) -> None:
    """Send traffic as clinics make it and print what came back."""
    from app.load.command import LoadPlan, run_load  # noqa: PLC0415 - each command loads what it needs

    plan = LoadPlan(url, rate, users, seconds, requests, tuple(range(1, clinics + 1)), zipf, seed)
    if not (elsewhere or plan.on_loopback):
        raise typer.BadParameter("is not on this machine; add --elsewhere if it is yours", param_hint="--url")
    raise typer.Exit(run_load(plan, _local_config().token_keys, as_json=as_json))


@app.command()
def top(
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    every: Annotated[float, typer.Option(help="Seconds between refreshes.", min=0.5, max=3600)] = 2.0,
    token_file: Annotated[
        Path | None, typer.Option(help="File with an operator's token; without it one is minted here.")
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print one screen and end.")] = False,
) -> None:
    """Show a running service live in the terminal, until Ctrl-C."""
    from app.commands.top_token import show  # noqa: PLC0415 - each command loads what it needs

    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("must begin with http:// or https://", param_hint="--url")
    keys = _local_config().token_keys if token_file is None else ()
    show(url, keys, token_file, every_s=every, once=once)


app.command()(drill)
app.command()(revoke)


def main() -> None:
    """Run the command line; an error we know is one line, not a traceback."""
    with suppress(KeyboardInterrupt):
        try:
            app()
        except MonitorError as error:
            typer.secho(f"taskmed: {error}", fg="red", err=True)
            sys.exit(1)
        return
    sys.exit(130)


def _config(**variables: object) -> AppConfig:
    given = {name: str(value) for name, value in variables.items() if value is not None}
    return configuration.load(given)


def _local_config() -> AppConfig:
    """Return the environment's configuration; what it leaves out is that of `var/`."""
    return configuration.load(defaults=local.variables())


def _upgrade(config: AppConfig) -> None:
    from app.migrations import upgrade  # noqa: PLC0415 - each command loads what it needs

    asyncio.run(upgrade(config.database_url.reveal()))


if __name__ == "__main__":
    main()
