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

from monitor.errors import ConfigurationError, StoreUnavailable
from monitor.redis.connection_faults import refusal, translated
from monitor.redis.multiplexer import Lost, Replied


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

    @property
    def shakes_hands(self) -> bool:
        """Whether TLS is not agreed yet."""
        return isinstance(self._connection, SSLConnection) and not self._connection.is_connected

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
        with translated():
            await self._connection.send_packed_command([pack_command(command)], check_health=False)
            return await self._connection.read_response(disable_decoding=True)

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
        replied(refusal(reply) if isinstance(reply, ReplyError) else reply)
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
        StoreUnavailable: Nobody answers in time, the login is refused, it is no primary, or anything else.
    """
    with translated():
        wire = RedisWire(_connection(url))
        try:
            async with asyncio.timeout(connect_timeout_s):
                await wire.connect()
        except TimeoutError:
            wire.close()
            # A server without TLS waits for the rest of what it takes for a command.
            detail = "no TLS handshake in time" if wire.shakes_hands else None
            raise StoreUnavailable("connect", "timeout", detail) from None
        except BaseException:
            wire.close()
            raise
        return wire


async def ask(url: str, command: Sequence[str], timeout_s: float) -> Any:
    """Ask the server at `url`, whatever its role, one question on a connection of its own.

    Raises:
        StoreUnavailable: It does not answer in time, or refuses.
    """
    with translated():
        wire = RedisWire(_connection(url))
        try:
            async with asyncio.timeout(timeout_s):
                await wire.login()
                return await wire.asked(*command)
        finally:
            wire.close()


def require_usable(url: str) -> None:
    """Check that the client takes the URL of one server with its options; nothing is connected.

    Raises:
        ConfigurationError: It does not.
    """
    try:
        _connection(url)
    except Exception as failure:  # noqa: BLE001 - the client raises what its arguments' types happen to raise
        # Its words may quote the URL, and with it the password.
        raise ConfigurationError(
            "CACHE_URL", f"the Redis client does not take it ({type(failure).__name__}); look at its options"
        ) from None


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
    role, run = facts.get("role"), facts.get("run_id")
    if role is None or not run:
        # Without it a restart or a failover would go unnoticed, and entries it revived be served.
        told = "role" if role is None else "run_id"
        raise StoreUnavailable("connect", "incarnation", f"INFO tells no {told}, so the cache is not used")
    if role != "master":
        raise StoreUnavailable("connect", "moved", "the server is a replica")
    return f"{run}:{facts.get('master_replid', '')}"
