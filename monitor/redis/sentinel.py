"""Dialling today's primary of a service that sentinels watch.

Ten lines ask the question that Redis names for clients, `SENTINEL GET-MASTER-ADDR-BY-NAME`. redis-py's
`Sentinel` reads the whole state of every service instead, over a pool for each sentinel, stops at
the first sentinel that refuses, and has no deadline for one question.
"""

from __future__ import annotations

from monitor.errors import StoreUnavailable
from monitor.redis.multiplexer import Wire
from monitor.redis.redis_connection import ask, dial
from monitor.redis.store_urls import Address, StoreUrl


class SentinelDial:
    """Asks sentinel after sentinel for the primary, and dials it.

    A sentinel may be behind a failover; the dialled server then says that it is no primary,
    which fails the dial, and the next one asks again.

    Args:
        addresses: The sentinels, and the service as the first part of the path.
        connect_timeout_s: Longest each question and the connection may take.
    """

    def __init__(self, addresses: StoreUrl, connect_timeout_s: float) -> None:
        self._addresses = addresses
        self._service = addresses.path[0]
        self._database = addresses.path[1] if len(addresses.path) > 1 else "0"
        self._timeout_s = connect_timeout_s

    async def __call__(self) -> Wire:
        primary = await self._primary()
        return await dial(self._addresses.url_of(primary, self._database), self._timeout_s)

    async def _primary(self) -> Address:
        question = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
        fault = StoreUnavailable("connect", "connection", "no sentinel knows the service")
        for sentinel in self._addresses.hosts:
            try:
                answer = await ask(self._addresses.url_of(sentinel), question, self._timeout_s)
            except StoreUnavailable as failure:
                fault = failure
                continue
            if answer:
                return answer[0].decode(), int(answer[1])
        raise fault
