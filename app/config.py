"""The service's configuration, read once from the environment.

A variable that is set wins over its default; an empty one counts as unset; nothing else
is consulted. This is the only file that reads the environment.
"""

from __future__ import annotations

import difflib
import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from app.token_rules import TokenKeys, TokenRules
from app.variables import (
    Secret,
    Variable,
    keys,
    networks,
    number,
    one_of,
    path_prefix,
    switch,
    text,
    url,
    whole,
)
from monitor import __version__
from monitor.errors import ConfigurationError
from monitor.settings import CacheSettings, MonitorSettings

_OWN_PREFIX = "TASKMED_"
_MS = 0.001
_HOUR_S = 3_600.0

VARIABLES: tuple[Variable, ...] = (
    Variable("HOST", "127.0.0.1", text, "Address to listen on; 0.0.0.0 in a container.", "Server"),
    Variable("PORT", "8000", whole(1, 65535), "Port to listen on.", "Server"),
    Variable(
        "WORKERS", "1", whole(1, 256), "Worker processes; more than one needs a Redis in CACHE_URL.", "Server"
    ),
    Variable("TASKMED_SERVER", "granian", one_of("granian", "uvicorn"), "The ASGI server.", "Server"),
    Variable(
        "TASKMED_ENVIRONMENT", "development", text, "Such as production; named in every span.", "Server"
    ),
    Variable(
        "TASKMED_DRAIN_S",
        "3",
        number(0, 600),
        "Seconds from SIGTERM to the stop, in which the service says that it is not ready and tells"
        " clients to close their connections, so that load balancers notice; 0: it stops at once.",
        "Server",
    ),
    Variable("TASKMED_MAX_BODY_KB", "256", whole(1, 16_384), "Largest request body, in kilobytes.", "Server"),
    Variable(
        "DATABASE_URL",
        "sqlite+aiosqlite:///var/taskmed.db",
        url("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg"),
        "The database: sqlite+aiosqlite:///path or postgresql+asyncpg://user:password@host/name;"
        " postgresql+psycopg:// where a pooler in transaction mode stands between.",
        "Database",
    ),
    Variable("TASKMED_POOL_SIZE", "10", whole(1, 500), "Database connections of each worker.", "Database"),
    Variable(
        "TASKMED_SLOW_QUERY_MS",
        "100",
        number(0, 60_000, _MS),
        "A statement that takes longer is logged and counted.",
        "Database",
    ),
    Variable(
        "TASKMED_TOKEN_KEYS",
        None,
        keys(exact=False),
        "Keys of the bearer tokens as id:base64,id:base64 of 32 bytes and more; the first one signs,"
        " all of them verify, so put a new one in front and drop the old one when its tokens have"
        " expired. Make one with: openssl rand -base64 32",
        "Sign-in",
    ),
    Variable(
        "TASKMED_TOKEN_KEYS_FILE",
        "",
        text,
        "A file that holds these keys instead, read again whenever it changes: keys then rotate without a"
        " restart.",
        "Sign-in",
    ),
    Variable(
        "TASKMED_TOKEN_AUDIENCE",
        "",
        text,
        "Who a token must be for (`aud`); empty: not asked.",
        "Sign-in",
    ),
    Variable(
        "TASKMED_TOKEN_ISSUER",
        "",
        text,
        "Who must have made a token (`iss`); empty: not asked.",
        "Sign-in",
    ),
    Variable(
        "TASKMED_TOKEN_MAX_HOURS",
        "24",
        number(0.01, 24 * 365, _HOUR_S),
        "Longest time between a token's issue and its expiry; a longer one is refused.",
        "Sign-in",
    ),
    Variable(
        "TASKMED_TOKEN_LEEWAY_S",
        "5",
        number(0, 60),
        "Seconds that a token is still taken after its expiry, for clocks that differ.",
        "Sign-in",
    ),
    Variable(
        "CACHE_URL",
        "memory://",
        url("memory", "redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel"),
        "The cache store; memory:// serves one worker, redis:// many.",
        "Cache",
    ),
    Variable(
        "TASKMED_SEALING_KEYS",
        "",
        keys(exact=True),
        "Keys that encrypt what the store holds, as id:base64 of exactly 32 bytes; the first one seals,"
        " all of them open. Needed with a Redis; with memory:// one is drawn at the start.",
        "Cache",
    ),
    Variable(
        "TASKMED_CACHE_TIMEOUT_MS",
        "40",
        number(1, 5_000, _MS),
        "How long a call of the store may take before the request goes on without it; where answers "
        "have become slow, up to eight times that.",
        "Cache",
    ),
    Variable("TASKMED_CACHE", "on", switch, "Whether the cache is on at the start: on or off.", "Cache"),
    Variable(
        "TASKMED_CACHE_SHARE",
        "1",
        number(0, 1),
        "Share of the traffic that may use the cache, until `taskmed cache share` sets another one.",
        "Cache",
    ),
    Variable(
        "TASKMED_CACHE_SAMPLE_SHARE",
        "0.001",
        number(0, 1),
        "Share of the hits that are compared with the database behind the answer; each costs a load.",
        "Cache",
    ),
    Variable(
        "TASKMED_CACHE_WARM_RATE",
        "0",
        number(0, 10_000),
        "Lookups a second with which a starting worker warms the cache; 0: it does not."
        " `taskmed cache warm` does it at any time.",
        "Cache",
    ),
    Variable(
        "TASKMED_NEAR_CACHE_MB", "64", whole(0, 65_536), "Size of each worker's near cache; 0: none.", "Cache"
    ),
    Variable("OTEL_SERVICE_NAME", "taskmed", text, "The service's name in telemetry.", "Telemetry"),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        url("http", "https", empty=True),
        "Where spans go by OTLP over HTTP; empty: they stay in memory, for an operator to read.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_SAMPLING_RATIO",
        "0.01",
        number(0, 1),
        "Share of requests traced from the start; slow and failed ones are kept anyway.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_TRUSTED_CALLERS",
        "",
        networks,
        "Addresses and networks of the callers whose traceparent is followed, such as 10.0.0.0/8,::1;"
        " * for all. Anybody else's trace is linked, and decides neither on ids nor on sampling.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_TRUSTED_PROXIES",
        "",
        networks,
        "Addresses and networks of proxies in front whose X-Forwarded-Proto and X-Forwarded-Prefix are"
        " believed, such as 10.0.0.0/8,::1.",
        "Server",
    ),
    Variable(
        "TASKMED_ROOT_PATH",
        "",
        path_prefix,
        "What a proxy in front strips from every path, such as /clinic; links of the console, of /docs and"
        " of problem documents begin with it.",
        "Server",
    ),
    Variable(
        "TASKMED_TENANT_BUDGET",
        "2000",
        whole(1, 1_000_000),
        "Most clinics with series of their own; newcomers share one.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_SCRAPE_INTERVAL_S",
        "60",
        number(0, 120),
        "The longest time between two scrapes of one Prometheus: a new series is shown to it at nought for"
        " that long, so that its first count is an increase.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_METRICS_DIR",
        "",
        text,
        "Where the workers of one machine share their counts; needed with several workers.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_LOG_LEVEL",
        "info",
        one_of("debug", "info", "warning", "error"),
        "Lowest level of the log.",
        "Telemetry",
    ),
    Variable(
        "TASKMED_ACCESS_LOG", "on", switch, "Whether every request writes a line: on or off.", "Telemetry"
    ),
    Variable(
        "TASKMED_STRESS",
        "off",
        switch,
        "Whether operators may set faults for drills under /api/stress: on or off.",
        "Drills",
    ),
)


@dataclass(frozen=True, slots=True)
class AppConfig:
    """The whole configuration.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        workers: Worker processes.
        server: `granian` or `uvicorn`.
        database_url: SQLAlchemy URL of the database; it may hold a password.
        pool_size: Database connections of each worker.
        token_keys: Keys of the bearer tokens; the first one signs.
        token_keys_file: Where the keys were read from, and are again when it changes.
        token_rules: What is asked of a token beside its signature.
        token_leeway_s: Seconds a token is taken past its expiry.
        drain_s: Seconds from SIGTERM to the stop.
        max_body_bytes: Largest request body.
        stress: Whether operators may set faults.
        monitor: The kit's settings.
    """

    host: str
    port: int
    workers: int
    server: str
    database_url: Secret
    pool_size: int
    token_keys: TokenKeys
    token_keys_file: Path | None
    token_rules: TokenRules
    token_leeway_s: float
    drain_s: float
    max_body_bytes: int
    stress: bool
    monitor: MonitorSettings

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> AppConfig:
        """Read the configuration from `environ`.

        Raises:
            ConfigurationError: A variable is missing, wrong or unknown; the first one found.
        """
        _refuse_unknown(environ)
        environ = _with_key_file(environ)
        values = {variable.name: variable.value(environ.get(variable.name)) for variable in VARIABLES}
        _refuse_contradictions(values)
        rules = TokenRules(
            values["TASKMED_TOKEN_AUDIENCE"],
            values["TASKMED_TOKEN_ISSUER"],
            values["TASKMED_TOKEN_MAX_HOURS"],
        )
        return cls(
            host=values["HOST"],
            port=values["PORT"],
            workers=values["WORKERS"],
            server=values["TASKMED_SERVER"],
            database_url=values["DATABASE_URL"],
            pool_size=values["TASKMED_POOL_SIZE"],
            token_keys=TokenKeys(values["TASKMED_TOKEN_KEYS"], rules),
            token_keys_file=Path(file) if (file := values["TASKMED_TOKEN_KEYS_FILE"]) else None,
            token_rules=rules,
            token_leeway_s=values["TASKMED_TOKEN_LEEWAY_S"],
            drain_s=values["TASKMED_DRAIN_S"],
            max_body_bytes=values["TASKMED_MAX_BODY_KB"] * 1024,
            stress=values["TASKMED_STRESS"],
            monitor=_monitor(values),
        )


def load(overrides: Mapping[str, str] | None = None, defaults: Mapping[str, str] | None = None) -> AppConfig:
    """Read the configuration from the process's environment.

    Args:
        overrides: Variables that win over the environment, such as a command line's options.
        defaults: Variables that the environment wins over, such as a development machine's keys.
    """
    return AppConfig.from_environ({**(defaults or {}), **os.environ, **(overrides or {})})


def environment() -> Mapping[str, str]:
    """Return the process's environment, for what is no setting: where other programs are."""
    return os.environ


def env_example() -> str:
    """Render `.env.example`: every variable with its meaning and default."""
    lines = ["# Every variable of TaskMed with its default. Written by `python -m app.config`.", ""]
    for section, variables in groupby(VARIABLES, key=lambda variable: variable.section):
        lines += [f"## {section}", ""]
        for variable in variables:
            lines += textwrap.wrap(variable.help, 98, initial_indent="# ", subsequent_indent="# ")
            assignment = f"{variable.name}={variable.default or ''}"
            lines += [assignment if variable.default is None else f"#{assignment}", ""]
    return "\n".join(lines)


def _monitor(values: Mapping[str, Any]) -> MonitorSettings:
    directory = values["TASKMED_METRICS_DIR"]
    return MonitorSettings(
        service=values["OTEL_SERVICE_NAME"],
        version=__version__,
        environment=values["TASKMED_ENVIRONMENT"],
        cache=CacheSettings(
            url=values["CACHE_URL"].reveal(),
            timeout_s=values["TASKMED_CACHE_TIMEOUT_MS"],
            sealing_keys={key.name: key.secret for key in values["TASKMED_SEALING_KEYS"]},
            near_bytes=values["TASKMED_NEAR_CACHE_MB"] * 1024 * 1024,
            enabled=values["TASKMED_CACHE"],
            share=values["TASKMED_CACHE_SHARE"],
            sampled_share=values["TASKMED_CACHE_SAMPLE_SHARE"],
            warm_rate=values["TASKMED_CACHE_WARM_RATE"],
        ),
        otlp_endpoint=values["OTEL_EXPORTER_OTLP_ENDPOINT"].reveal() or None,
        sampling_ratio=values["TASKMED_SAMPLING_RATIO"],
        trusted_callers=values["TASKMED_TRUSTED_CALLERS"],
        trusted_proxies=values["TASKMED_TRUSTED_PROXIES"],
        root_path=values["TASKMED_ROOT_PATH"],
        tenant_budget=values["TASKMED_TENANT_BUDGET"],
        scrape_interval_s=values["TASKMED_SCRAPE_INTERVAL_S"],
        metrics_directory=Path(directory) if directory else None,
        log_level=values["TASKMED_LOG_LEVEL"],
        access_log=values["TASKMED_ACCESS_LOG"],
        slow_query_s=values["TASKMED_SLOW_QUERY_MS"],
    )


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = [variable.name for variable in VARIABLES]
    for name in sorted(environ):
        if name.startswith(_OWN_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; .env.example lists them all"
            raise ConfigurationError(name, f"is not a variable of this service{hint}")


def _with_key_file(environ: Mapping[str, str]) -> Mapping[str, str]:
    path = (environ.get("TASKMED_TOKEN_KEYS_FILE") or "").strip()
    if not path:
        return environ
    try:
        return {**environ, "TASKMED_TOKEN_KEYS": Path(path).read_text(encoding="ascii").strip()}
    except (OSError, UnicodeDecodeError) as failure:
        problem = f"cannot be read: {type(failure).__name__}; name a file that holds id:base64,id:base64"
        raise ConfigurationError("TASKMED_TOKEN_KEYS_FILE", problem) from None


def _refuse_contradictions(values: Mapping[str, Any]) -> None:
    shared = not values["CACHE_URL"].reveal().startswith("memory://")
    if values["WORKERS"] > 1 and not shared:
        # A store in one process cannot be told of another one's writes.
        raise ConfigurationError("CACHE_URL", "memory:// serves one worker; give a redis:// URL or WORKERS=1")
    if shared and not values["TASKMED_SEALING_KEYS"]:
        raise ConfigurationError(
            "TASKMED_SEALING_KEYS",
            "is needed with a Redis: give id:key, with a key from `openssl rand -base64 32`",
        )


if __name__ == "__main__":
    Path(".env.example").write_text(env_example(), encoding="utf-8")
