"""The names of redis-py that the connection stands on, though it does not promise them.

When one of these fails after an upgrade of redis-py, read `monitor/redis/redis_connection.py` beside the
new release, re-check what the message names, and only then raise the bound in pyproject.toml.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from hiredis import pack_command
from packaging.requirements import Requirement
from packaging.version import Version
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)

from monitor.redis.redis_connection import dial

ROOT = Path(__file__).parents[3]
KINDS = (Connection, SSLConnection, UnixDomainSocketConnection)


@pytest.fixture
async def connection(redis_url: str) -> Connection:
    """Give an open connection to a real server."""
    opened = Connection(**parse_url(redis_url))
    await opened.connect()  # type: ignore[no-untyped-call]
    return opened


async def test_the_writer_holds_the_transport(connection: Connection) -> None:
    """`_writer`: RedisWire takes the transport from it once it listens (`RedisWire._transport`)."""
    writer = getattr(connection, "_writer", None)

    assert isinstance(writer, asyncio.StreamWriter), "re-check RedisWire._transport"
    assert isinstance(writer.transport, asyncio.Transport), "re-check RedisWire._transport"
    connection._close()  # type: ignore[no-untyped-call]


async def test_closing_does_not_wait(connection: Connection) -> None:
    """`_close`: RedisWire.close calls it where nothing can be awaited, after it aborted the transport."""
    close = getattr(connection, "_close", None)
    writer = connection._writer

    assert close is not None, "re-check RedisWire.close"
    assert not inspect.iscoroutinefunction(close), "re-check RedisWire.close: it may no longer be awaited"
    assert list(inspect.signature(close).parameters) == [], "re-check RedisWire.close"
    close()
    assert connection._writer is None, "re-check RedisWire.close: the connection still holds its writer"
    assert writer is not None
    assert writer.transport.is_closing(), "re-check RedisWire.close: the transport stays open"
    assert not connection.is_connected, "re-check RedisWire.close"


async def test_a_bare_command_is_sent_and_answered(connection: Connection) -> None:
    """`send_packed_command` and `read_response` as RedisWire.asked calls them, before it listens."""
    await connection.send_packed_command([pack_command(("PING",))], check_health=False)

    assert await connection.read_response(disable_decoding=True) == b"PONG", "re-check RedisWire.asked"
    connection._close()  # type: ignore[no-untyped-call]


async def test_another_protocol_can_take_the_transport_over(redis_url: str) -> None:
    """Nothing of redis-py reads or writes once the transport's protocol is another (`RedisWire.listen`)."""
    wire = await dial(redis_url, 5.0)
    replies: asyncio.Queue[object] = asyncio.Queue()
    wire.listen(replies.put_nowait, replies.put_nowait)

    wire.send([("ECHO", b"a"), ("ECHO", b"b")])

    assert [await replies.get(), await replies.get()] == [b"a", b"b"], "re-check RedisWire.listen"
    wire.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_takes_the_options_that_it_is_given(kind: type[AbstractConnection]) -> None:
    """`protocol`, `retry` and the rest: an option that is no longer known may come back as a default."""
    known = {
        name
        for one in kind.__mro__
        if one is not object
        for name in inspect.signature(one.__init__).parameters  # type: ignore[misc]
    }
    needed = {"protocol", "retry", "socket_timeout", "health_check_interval", "decode_responses"}

    assert needed <= known, "re-check _connection: an option has another name"


def test_a_url_names_the_kind_of_connection() -> None:
    """`parse_url` and its `connection_class`: TLS and sockets are chosen by it (`_connection`)."""
    kinds = [
        parse_url(url).get("connection_class") for url in ("redis://a/0", "rediss://a/0", "unix:///a.sock")
    ]

    assert kinds == [None, SSLConnection, UnixDomainSocketConnection], "re-check _connection"


def test_redis_py_is_bound_from_above() -> None:
    """A release that these tests have not seen is not installed beside the kit."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    bounds = [one for one in map(Requirement, stated) if one.name == "redis"]
    seen = Version(importlib.metadata.version("redis"))
    unseen = f"{seen.major}.{seen.minor + 1}.0"

    assert bounds
    assert all(seen in one.specifier and unseen not in one.specifier for one in bounds)
