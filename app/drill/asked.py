"""What the command line asked of a drill, checked, as an order and a stage to play it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.definitions import DEPLOYMENT
from app.drill.chain import SHORT
from app.drill.command import Order
from app.drill.scenarios import FAULTS, Scenario
from app.drill.stage import RunningStack, Stage, operator, own_stage, running_stage
from app.variables import Key
from monitor.clock import Clock
from monitor.definitions.deployment import Deployment
from monitor.errors import ConfigurationError

PROFILES = {"short": SHORT, "production": DEPLOYMENT}
_NOTE = "paged: held by Alertmanager for its receiver; its API does not tell when it sent the message"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options.

    Attributes:
        faults: Names; empty: all that can be played.
        rounds: How often each.
        profile: `short` or `production`; empty: short on servers of our own, production elsewhere.
        at_once: Rounds at the same time.
        services: Addresses of a running stack's replicas; empty: servers of our own.
        prometheus: Address of its Prometheus.
        alertmanager: Address of its Alertmanager.
        job: The service's Prometheus job.
        token_file: Holds an operator's token; None: one is minted with the keys.
    """

    faults: Sequence[str]
    rounds: int
    profile: str
    at_once: int
    services: Sequence[str]
    prometheus: str
    alertmanager: str
    job: str
    token_file: Path | None


def order_of(asked: Asked, keys: Sequence[Key]) -> Order:
    """Return what to play.

    Raises:
        ConfigurationError: A fault or the profile has another name, or a running stack was
            asked for two rounds at once.
    """
    wrong = [name for name in asked.faults if name not in FAULTS]
    if wrong:
        raise ConfigurationError("--fault", f"{wrong[0]} is none of {', '.join(FAULTS)}")
    if asked.services and asked.at_once > 1:
        raise ConfigurationError("--at-once", "a running stack suffers one fault at a time")
    running = bool(asked.services)
    possible = (name for name in FAULTS if not (running and _needs_own_stack(FAULTS[name], keys)))
    names = tuple(asked.faults) or tuple(possible)
    return Order(names, asked.rounds, _deployment(asked), asked.at_once, _NOTE if running else "")


def _needs_own_stack(fault: Scenario, keys: Sequence[Key]) -> bool:
    # Its servers are not ours to stop, and traffic of our own wants tokens.
    return fault.own_stack or (fault.own_traffic and not keys)


def stage_of(asked: Asked, keys: Sequence[Key], program: Callable[[str], Path], clock: Clock) -> Stage:
    """Return where to play it.

    Args:
        asked: The options.
        keys: Keys of a running service's tokens; empty: not known.
        program: Finds a program by its name.
        clock: Time.

    Raises:
        ConfigurationError: There is neither a token nor a key to mint one with.
    """
    if not asked.services:
        return own_stage(program, _deployment(asked), clock)
    for url in (*asked.services, asked.prometheus, asked.alertmanager):
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(url, "must begin with http:// or https://")
    stack = RunningStack(
        tuple(url.rstrip("/") for url in asked.services),
        asked.prometheus,
        asked.alertmanager,
        _token(asked.token_file, keys, clock),
        keys,
    )
    return running_stage(stack, _deployment(asked), clock)


def _deployment(asked: Asked) -> Deployment:
    name = asked.profile or ("production" if asked.services else "short")
    if name not in PROFILES:
        raise ConfigurationError("--profile", f"{name} is none of {', '.join(PROFILES)}")
    return replace(PROFILES[name], job=asked.job)


def _token(file: Path | None, keys: Sequence[Key], clock: Clock) -> Callable[[], str]:
    if file is None:
        if not keys:
            raise ConfigurationError("--token-file", "give an operator's token, or set TASKMED_TOKEN_KEYS")
        return operator(keys, clock)
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("--token-file", f"cannot be read: {type(error).__name__}") from None
    return lambda: token
