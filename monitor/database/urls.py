"""The database's URL, in libpq's words for either driver of PostgreSQL.

asyncpg knows libpq's options in its own kind of URL only, and SQLAlchemy hands it each as a
keyword, where `sslmode` is a TypeError. Here each option is understood or refused by its name
(https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from monitor.errors import ConfigurationError

ASYNCPG, PSYCOPG, SQLITE = "postgresql+asyncpg", "postgresql+psycopg", "sqlite+aiosqlite"

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SESSIONS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_IN_DSN = (
    "sslmode",
    *_FILES,
    "sslpassword",
    "sslnegotiation",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "passfile",
    "krbsrvname",
    "gsslib",
)
_KEYWORDS = ("host", "port", "ssl", "target_session_attrs")
_INTEGERS = ("statement_cache_size", "max_cacheable_statement_size", "prepared_statement_cache_size")
_SECONDS = {
    "timeout": "timeout",
    "connect_timeout": "timeout",
    "command_timeout": "command_timeout",
    "max_cached_statement_lifetime": "max_cached_statement_lifetime",
}
_SETTING = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.]*)=(\S*)\s*")


def parse(url: str) -> URL:
    """Return the URL.

    Raises:
        ConfigurationError: It names another database or driver, or SQLite in memory.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise _wrong("is not a database URL") from None
    if parsed.drivername not in (ASYNCPG, PSYCOPG, SQLITE):
        raise _wrong(f"must begin with {ASYNCPG}://, {PSYCOPG}:// or {SQLITE}://")
    if parsed.drivername == SQLITE and parsed.database in (None, "", ":memory:"):
        raise _wrong("SQLite needs a file; in memory each connection has its own")
    return parsed


def place_of(url: str) -> str:
    """Return where the database is, as a log may say it: host, port and name, or a file's name."""
    parsed = parse(url)
    if parsed.drivername == SQLITE:
        return Path(str(parsed.database)).name
    hosts = parsed.query.get("host") or (parsed.host or "localhost")
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    port = "" if parsed.port is None else f":{parsed.port}"
    return f"{host}{port}/{parsed.database or ''}"


def asyncpg_arguments(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return what asyncpg is given for the options of a URL.

    Raises:
        ConfigurationError: An option that asyncpg does not have, or a value that it cannot be given.
    """
    _check(query)
    arguments: dict[str, Any] = {}
    settings: dict[str, str] = {}
    for name, value in query.items():
        if name in _KEYWORDS:
            arguments[name] = value
        elif name in _INTEGERS:
            arguments[name] = int(_number(name, value))
        elif name in _SECONDS:
            arguments[_SECONDS[name]] = _number(name, value)
        elif name == "application_name":
            settings[name] = value
        elif name == "options":
            settings |= _settings_of(value)
        elif name not in _IN_DSN:
            raise _wrong(f"asyncpg has no option `{name}`: leave it out, or name the driver {PSYCOPG}://")
    if in_dsn := {name: query[name] for name in _IN_DSN if name in query}:
        arguments["dsn"] = f"postgresql://?{urlencode(in_dsn | _authorities(in_dsn))}"
    if settings:
        arguments["server_settings"] = settings
    return arguments


def psycopg_arguments(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return what psycopg is given for the options of a URL: libpq knows them all; raises as above."""
    try:
        import psycopg.conninfo  # noqa: PLC0415 - an extra of its own
    except ImportError:
        raise _wrong("names the driver psycopg, which is not there: pip install 'psycopg[binary]'") from None
    _check(query)
    arguments = {
        name: ",".join(value) if isinstance(value, tuple) else value for name, value in query.items()
    }
    for name, value in arguments.items():
        try:
            psycopg.conninfo.make_conninfo("", **{name: value})
        except psycopg.ProgrammingError:
            raise _wrong(f"libpq has no option `{name}`: leave it out") from None
    return dict(query)


def _check(query: Mapping[str, Any]) -> None:
    for name, known in (("sslmode", _SSL_MODES), ("ssl", _SSL_MODES), ("target_session_attrs", _SESSIONS)):
        value = query.get(name)
        if value is not None and value not in known:
            raise _wrong(f"`{name}` must be one of {', '.join(known)}")
    for name in _FILES:
        path = query.get(name)
        # `system` stands for the machine's own authorities; a missing client file would be left out silently.
        if path and path != "system" and not Path(path).is_file():
            raise _wrong(f"`{name}` names no file that this process can see")


def _authorities(query: Mapping[str, Any]) -> dict[str, str]:
    """Return what asyncpg is told for libpq's `sslrootcert=system`, which it does not know."""
    if query.get("sslrootcert") != "system":
        return {}
    file = ssl.get_default_verify_paths().cafile
    if not file or query.get("sslmode", "verify-full") != "verify-full":
        raise _wrong("`sslrootcert=system` needs sslmode=verify-full and authorities that this machine knows")
    return {"sslrootcert": file, "sslmode": "verify-full"}


def _settings_of(options: str) -> dict[str, str]:
    settings, position = {}, 0
    for found in _SETTING.finditer(options.strip()):
        if found.start() != position:
            break
        settings[found[1]] = found[2]
        position = found.end()
    if position != len(options.strip()):
        raise _wrong("`options` may hold `-c name=value` alone")
    return settings


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise _wrong(f"`{name}` must be a number from 0 on")
    return number


def _wrong(problem: str) -> ConfigurationError:
    return ConfigurationError("DATABASE_URL", problem)
