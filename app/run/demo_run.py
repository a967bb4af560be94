"""`taskmed run`: one command from nothing to a service with data and traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from app import config as configuration
from app.auth import Role, TokenIssuer
from app.config import AppConfig
from app.demo.clinics import demo_clinics
from app.run import local
from app.run.supervisor import DemoTraffic, run_until_stopped, service_url
from app.serve import require_free
from monitor.clock import SystemClock

_LIFETIME_S = 12 * 3_600.0
_BANNER = """
[bold]TaskMed is running[/bold] at {url}

  {url}/docs            the API, to read
  {url}/console         what operators see; sign in with the operator's token below
  {url}/api/health      health
  {url}/metrics         what Prometheus scrapes

  curl -H "Authorization: Bearer {staff}" {url}/api/contacts

An operator's token shows all clinics' figures:

  curl -H "Authorization: Bearer {operator}" {url}/api/metrics

Log: {log}. {traffic} Stop with Ctrl-C."""


def run_demo(folder: Path, overrides: Mapping[str, str], rate: float) -> None:
    """Prepare `folder`, fill the database, and serve until a signal comes."""
    console = Console(highlight=False, soft_wrap=True)
    known = local.variables(folder)
    if not known:
        console.print(f"run: making {folder}/ with keys of its own")
        known = local.prepare(folder)
    config = configuration.load(overrides, defaults=known)
    require_free(config.host, config.port)
    if not local.is_filled(folder, config.database_url.reveal()):
        _fill(config, console)
        local.note_filled(folder)
    log = local.log_of(folder)
    tokens = _tokens(config)
    console.print(f"run: starting {config.workers} worker(s) of {config.server}")
    asyncio.run(
        run_until_stopped(config, log, DemoTraffic(tokens, rate), console, _banner(config, log, tokens, rate))
    )


def _fill(config: AppConfig, console: Console) -> None:
    from app.demo.command import fill  # noqa: PLC0415 - half a second that only the first start needs
    from app.migrations import upgrade  # noqa: PLC0415 - the same

    asyncio.run(upgrade(config.database_url.reveal()))
    fill(config, console)


def _tokens(config: AppConfig) -> dict[int, str]:
    issuer = TokenIssuer(config.token_keys, SystemClock())
    return {
        clinic.id: issuer.mint(role=Role.STAFF, user="demo", clinic=clinic.id, lifetime_s=_LIFETIME_S)
        for clinic in demo_clinics()
    }


def _banner(config: AppConfig, log: Path, tokens: Mapping[int, str], rate: float) -> str:
    operator = TokenIssuer(config.token_keys, SystemClock()).mint(
        role=Role.OPERATOR, user="demo-operator", lifetime_s=_LIFETIME_S
    )
    return _BANNER.format(
        url=service_url(config),
        staff=tokens[1],
        operator=operator,
        log=log,
        traffic=f"Demo traffic: {rate:g} requests a second." if rate else "No demo traffic.",
    )
