"""`taskmed drill`: the options, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app import config as configuration
from app.run import local
from app.variables import Key
from monitor.clock import SystemClock
from monitor.errors import ConfigurationError

Faults = Annotated[
    list[str] | None,
    typer.Option(help="latency, errors, hit-ratio, service-down, redis-down or storm; again for more."),
]
ServicesOption = Annotated[
    list[str] | None,
    typer.Option(help="Address of a running replica, again for each; none: servers of the drill's own."),
]


def drill(
    fault: Faults = None,
    rounds: Annotated[int, typer.Option(help="How often each fault is caused.", min=1, max=1000)] = 1,
    profile: Annotated[
        str,
        typer.Option(
            help="short: an hour in a minute; production. Without it short for servers of the drill's own."
        ),
    ] = "",
    at_once: Annotated[
        int, typer.Option(help="Rounds at the same time, each on servers of its own.", min=1, max=16)
    ] = 1,
    service: ServicesOption = None,
    prometheus: Annotated[str, typer.Option(help="Its Prometheus.")] = "http://127.0.0.1:9090",
    alertmanager: Annotated[str, typer.Option(help="Its Alertmanager.")] = "http://127.0.0.1:9093",
    job: Annotated[str, typer.Option(help="Its job in Prometheus.")] = "taskmed",
    *,
    token_file: Annotated[
        Path | None, typer.Option(help="File with an operator's token; without it one is minted here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Cause faults for real and say how long each takes to its page and back; 1 if a page is missed.

    On a running stack the service must have TASKMED_STRESS=on. Every fault is taken back, also
    after Ctrl-C; one whose drill was killed ends by itself within two minutes.
    """
    from app.drill.asked import Asked, order_of, stage_of  # noqa: PLC0415 - loaded when needed
    from app.drill.binaries import Binaries  # noqa: PLC0415 - the same
    from app.drill.command import run_drill  # noqa: PLC0415 - the same

    asked = Asked(
        faults=fault or (),
        rounds=rounds,
        profile=profile,
        at_once=at_once,
        services=service or (),
        prometheus=prometheus,
        alertmanager=alertmanager,
        job=job,
        token_file=token_file,
    )
    keys = _keys() if service else ()
    order = order_of(asked, keys)
    stage = stage_of(asked, keys, Binaries(configuration.environment()).find, SystemClock())
    raise typer.Exit(run_drill(order, stage, as_json=as_json))


def _keys() -> Sequence[Key]:
    """Return the keys of the service's tokens; none where this machine does not know them."""
    try:
        return configuration.load(defaults=local.variables()).token_keys
    except ConfigurationError as error:
        if error.variable == "TASKMED_TOKEN_KEYS":
            return ()
        raise
