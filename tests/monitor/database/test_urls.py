"""A URL's options are understood or refused by name, whichever driver it names."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.database.connections import make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.urls import asyncpg_arguments
from monitor.errors import ConfigurationError

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def with_options(url: str, options: str) -> str:
    return f"{url}?{options}"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("mode", MODES)
async def test_every_ssl_mode_is_understood(postgres_url: str, driver: str, mode: str) -> None:
    """A server without TLS is reached by the modes that allow it, and by no other."""
    url = with_options(postgres_url.replace("asyncpg", driver), f"sslmode={mode}")
    engine = make_engine(url, PoolSettings(size=1))
    try:
        async with engine.connect() as connection:
            assert 1 == await connection.scalar(sa.select(sa.literal(1)))
        reached = True
    except (sa.exc.DBAPIError, OSError):
        reached = False
    await engine.dispose()

    assert reached is (mode in MODES[:3])


@pytest.mark.parametrize(
    "option",
    [
        "sslmode=secure",
        "ssl=true",
        "channel_binding=require",
        "keepalives_idle=30",
        "connect_timeout=soon",
        "command_timeout=-1",
        "timeout=inf",
        "statement_cache_size=many",
        "options=nonsense",
        "options=-c%20a=b%20-x",
        "target_session_attrs=leader",
        "sslrootcert=/nowhere/root.crt",
        "sslcert=/nowhere/client.crt",
        "nonsense=1",
    ],
)
def test_an_option_that_asyncpg_cannot_be_given_is_refused_by_name(option: str) -> None:
    """What is wrong is a line that names the option, before anything connects."""
    with pytest.raises(ConfigurationError, match=option.split("=", maxsplit=1)[0]) as caught:
        make_engine(f"postgresql+asyncpg://user:secret@host/name?{option}", PoolSettings())

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", ["sslmode=secure", "nonsense=1", "target_session_attrs=leader"])
def test_an_option_that_libpq_does_not_know_is_refused_by_name(option: str) -> None:
    """The same for psycopg, which would tell at its first connection."""
    with pytest.raises(ConfigurationError, match=option.split("=", maxsplit=1)[0]):
        make_engine(f"postgresql+psycopg://host/name?{option}", PoolSettings())


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_settings_in_a_url_reach_the_session(postgres_url: str, driver: str) -> None:
    """The application's name and `options` are the session's own, as with libpq."""
    options = "application_name=mine&options=-c%20work_mem=1MB%20-c%20jit=off&connect_timeout=3"
    engine = make_engine(with_options(postgres_url.replace("asyncpg", driver), options), PoolSettings(size=1))
    async with engine.connect() as connection:
        kept = [
            await connection.scalar(sa.select(sa.func.current_setting(name)))
            for name in ("application_name", "work_mem", "jit")
        ]
    await engine.dispose()

    assert ["mine", "1MB", "off"] == kept


async def test_several_hosts_are_tried(postgres_url: str) -> None:
    """Of two hosts the one that may write is found, by either driver."""
    parsed = sa.make_url(postgres_url)
    for driver in ("asyncpg", "psycopg"):
        url = (
            f"postgresql+{driver}://postgres@/{parsed.database}"
            f"?host=127.0.0.1:1&host=127.0.0.1:{parsed.port}&target_session_attrs=read-write"
        )
        engine = make_engine(url, PoolSettings(size=1))
        async with engine.connect() as connection:
            assert 1 == await connection.scalar(sa.select(sa.literal(1)))
        await engine.dispose()


def test_the_machines_own_authorities_stand_for_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sslrootcert=system` is libpq's word, with `verify-full` alone."""
    authorities = tmp_path / "authorities.pem"
    authorities.write_text("")
    paths = ssl.get_default_verify_paths()._replace(cafile=str(authorities))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)

    dsn = asyncpg_arguments({"sslrootcert": "system"})["dsn"]
    with pytest.raises(ConfigurationError, match="verify-full"):
        asyncpg_arguments({"sslrootcert": "system", "sslmode": "require"})

    assert "sslmode=verify-full" in dsn
    assert "authorities.pem" in dsn
