"""The one file that knows the Redis client: dialling, and the translation of its errors.

redis-py opens the connection (address, TLS, ACL login, database) and parses replies with
hiredis. Its retries are off, because a repeated SET of a generation brings back what
another writer replaced; its pool is not used, because one connection carries everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from monitor.errors import StoreUnavailable

_MOVED = (AskError, ClusterDownError, MasterDownError, MovedError, ReadOnlyError)


class RedisWire:
    """An open connection to a Redis primary.

    Attributes:
        incarnation: `run_id` and `master_replid` of the server, read once when it was opened.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.incarnation = ""

    async def login(self) -> None:
        await self._connection.connect()  # type: ignore[no-untyped-call]

    async def connect(self) -> None:
        """Log in, and read who answers."""
        await self.login()
        self.incarnation = await _incarnation(self)

    async def send(self, commands: Sequence[tuple[Any, ...]]) -> int:
        connection = self._connection
        if not connection.is_connected:
            # redis-py would dial again without a word, and hide that another server may answer.
            raise StoreUnavailable("send", "connection")
        packed = [pack_command(command) for command in commands]
        try:
            await connection.send_packed_command(packed, check_health=False)
        except (RedisError, OSError) as failure:
            raise StoreUnavailable("send", reason_of(failure)) from None
        return sum(map(len, packed))

    async def receive(self) -> Any:
        try:
            return await self._connection.read_response(disable_decoding=True)
        except ResponseError as refused:
            return StoreUnavailable("reply", reason_of(refused))
        except (RedisError, OSError) as failure:
            raise StoreUnavailable("receive", reason_of(failure)) from None

    async def aclose(self) -> None:
        await self._connection.disconnect(nowait=True)


async def dial(url: str, connect_timeout_s: float) -> RedisWire:
    """Open a connection to the primary at `url`.

    Raises:
        StoreUnavailable: Nobody answers in time, the login is refused, or it is no primary.
    """
    wire = RedisWire(_connection(url))
    try:
        async with asyncio.timeout(connect_timeout_s):
            await wire.connect()
    except TimeoutError:
        await wire.aclose()
        raise StoreUnavailable("connect", "timeout") from None
    except (RedisError, OSError) as failure:
        await wire.aclose()
        raise StoreUnavailable("connect", reason_of(failure)) from None
    except BaseException:
        await wire.aclose()
        raise
    return wire


async def ask(url: str, command: Sequence[str], timeout_s: float) -> Any:
    """Ask the server at `url`, whatever its role, one question on a connection of its own.

    Raises:
        StoreUnavailable: It does not answer in time, or refuses.
    """
    wire = RedisWire(_connection(url))
    try:
        async with asyncio.timeout(timeout_s):
            await wire.login()
            await wire.send((tuple(command),))
            reply = await wire.receive()
    except TimeoutError:
        raise StoreUnavailable("ask", "timeout") from None
    except (RedisError, OSError) as failure:
        raise StoreUnavailable("ask", reason_of(failure)) from None
    finally:
        await wire.aclose()
    if isinstance(reply, StoreUnavailable):
        raise StoreUnavailable("ask", reply.reason)
    return reply


def reason_of(failure: BaseException) -> str:
    """Translate the client's exception into the bounded word of StoreUnavailable."""
    if isinstance(failure, _MOVED):
        return "moved"
    if isinstance(failure, BusyLoadingError):
        return "busy"
    if isinstance(failure, (RedisTimeoutError, TimeoutError)):
        return "timeout"
    if isinstance(failure, (RedisConnectionError, OSError)):
        return "connection"
    return "refused" if isinstance(failure, ResponseError) else "protocol"


def _connection(url: str) -> Connection:
    options: dict[str, Any] = dict(parse_url(url))
    kind = options.pop("connection_class", Connection)
    if kind not in (Connection, SSLConnection, UnixDomainSocketConnection):
        kind = Connection
    options |= {
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,  # the link keeps the one deadline
        "health_check_interval": 0,
        "decode_responses": False,
    }
    connection: Connection = kind(**options)
    return connection


async def _incarnation(wire: RedisWire) -> str:
    await wire.send((("INFO",),))
    reply = await wire.receive()
    if isinstance(reply, StoreUnavailable):
        raise StoreUnavailable("connect", reply.reason)
    facts = dict(line.split(":", 1) for line in reply.decode(errors="replace").splitlines() if ":" in line)
    if facts.get("role") != "master":
        raise StoreUnavailable("connect", "moved")
    return f"{facts['run_id']}:{facts['master_replid']}"
