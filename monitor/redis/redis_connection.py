"""The one file that knows the Redis client: dialling, and the translation of its errors.

redis-py opens the connection (address, TLS, ACL login, database) and hiredis parses the
replies. redis-py's retries are off, because a repeated SET of a generation brings back what
another writer replaced; its pool is not used, because one connection carries everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from hiredis import ProtocolError, Reader, ReplyError, pack_command
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
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
from monitor.redis.multiplexer import Lost, Replied

_REFUSALS = {
    **dict.fromkeys(("ASK", "CLUSTERDOWN", "MASTERDOWN", "MOVED", "READONLY"), "moved"),
    "LOADING": "busy",
}
_MOVED = (AskError, ClusterDownError, MasterDownError, MovedError, ReadOnlyError)


class RedisWire(asyncio.Protocol):
    """An open connection to a Redis primary.

    redis-py opens it and logs in; from `listen` on, replies are parsed where they arrive,
    without redis-py's streams, whose tasks and copies cost more than the parsing.

    Attributes:
        incarnation: `run_id` and `master_replid` of the server, read once when it was opened.
    """

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._parser = Reader()
        self._parsing = False
        self._replied: Replied | None = None
        self._lost: Lost | None = None
        self.incarnation: str = ""

    async def login(self) -> None:
        await self._connection.connect()  # type: ignore[no-untyped-call]

    async def connect(self) -> None:
        """Log in, and read who answers."""
        await self.login()
        self.incarnation = _incarnation(await self.asked("INFO"))

    async def asked(self, *command: Any) -> Any:
        """Send one command and return its reply, before anybody listens.

        Raises:
            StoreUnavailable: The server refuses, or the connection is lost.
        """
        try:
            await self._connection.send_packed_command([pack_command(command)], check_health=False)
            return await self._connection.read_response(disable_decoding=True)
        except (RedisError, OSError) as failure:
            raise StoreUnavailable("ask", reason_of(failure)) from None

    def listen(self, replied: Replied, lost: Lost) -> None:
        self._replied, self._lost = replied, lost
        self._transport.set_protocol(self)

    def send(self, commands: Sequence[tuple[Any, ...]]) -> int:
        transport = self._transport
        if transport.is_closing():
            raise StoreUnavailable("send", "connection")
        packed = b"".join(map(pack_command, commands))
        transport.write(packed)
        return len(packed)

    def close(self) -> None:
        self._replied = self._lost = None
        if self._connection.is_connected:
            # What a hung server has not taken yet would keep a closing transport open.
            self._transport.abort()
            self._connection._close()  # type: ignore[no-untyped-call] # noqa: SLF001 - the public way waits

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        if not self._parsing:
            self._parse()

    def _parse(self) -> None:
        try:
            reply = self._parser.gets()
        except ProtocolError:
            self._ended("protocol")
            return
        replied = self._replied
        if reply is False or replied is None:
            self._parsing = False
            return
        self._parsing = True
        replied(_refusal(reply) if isinstance(reply, ReplyError) else reply)
        # Whoever waited for this reply runs before the next is read, while what it touches is at hand.
        asyncio.get_running_loop().call_soon(self._parse)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's; it is lost, whatever it says
        self._ended("connection")

    def _ended(self, reason: str) -> None:
        lost = self._lost
        if lost is not None:
            lost(reason)

    @property
    def _transport(self) -> asyncio.Transport:
        writer = self._connection._writer  # noqa: SLF001 - redis-py has no other door to it
        if writer is None:
            raise StoreUnavailable("send", "connection")
        return cast("asyncio.Transport", writer.transport)


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
        wire.close()
        raise StoreUnavailable("connect", "timeout") from None
    except (RedisError, OSError) as failure:
        wire.close()
        raise StoreUnavailable("connect", reason_of(failure)) from None
    except BaseException:
        wire.close()
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
            return await wire.asked(*command)
    except TimeoutError:
        raise StoreUnavailable("ask", "timeout") from None
    except (RedisError, OSError) as failure:
        raise StoreUnavailable("ask", reason_of(failure)) from None
    finally:
        wire.close()


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


def _connection(url: str) -> AbstractConnection:
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
    connection: AbstractConnection = kind(**options)
    return connection


def _incarnation(info: bytes) -> str:
    facts = dict(line.split(":", 1) for line in info.decode(errors="replace").splitlines() if ":" in line)
    if facts.get("role") != "master":
        raise StoreUnavailable("connect", "moved")
    return f"{facts['run_id']}:{facts['master_replid']}"


def _refusal(error: ReplyError) -> StoreUnavailable:
    """Translate an error reply by its first word, as the protocol has it."""
    return StoreUnavailable("reply", _REFUSALS.get(str(error).partition(" ")[0], "refused"))
