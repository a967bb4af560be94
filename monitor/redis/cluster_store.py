"""The store on a Redis Cluster: one connection, batch and breaker for each primary.

The incarnation of a cluster is that of all its primaries together, so a failover of any of
them begins another epoch. Slots that move are bypassed while they do and misses after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from hashlib import blake2b
from typing import Any

from monitor.cache.cache_observer import BreakerState, CacheObserver
from monitor.cache.store import StoreReading
from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.redis.circuit_breaker import CircuitBreaker
from monitor.redis.cluster_topology import Topology
from monitor.redis.connection_faults import ConnectLog, translated
from monitor.redis.multiplexer import Wire
from monitor.redis.redis_store import TIMEOUT_S, RedisStore
from monitor.redis.store_urls import Address

_LEARN_EVERY_S = 0.2
_WORST = (BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED)

Learn = Callable[[tuple[Address, ...]], Coroutine[Any, Any, Topology]]
DialNode = Callable[[Address], Coroutine[Any, Any, Wire]]


class _ClusterWire:
    """A node's connection that answers for the whole cluster's incarnation."""

    def __init__(self, wire: Wire, incarnation: Callable[[], str]) -> None:
        self._incarnation = incarnation
        self.listen = wire.listen
        self.send = wire.send
        self.close = wire.close

    @property
    def incarnation(self) -> str:
        return self._incarnation()


class ClusterStore:
    """Keeps the contract of `Store` on a Redis Cluster.

    Args:
        learn: Asks known primaries for the topology.
        dial: Opens a connection to the primary at an address.
        observer: Told each round trip and the worst of the breakers' states.
        clock: Time.
        timeout_s: Longest any call takes.
    """

    def __init__(
        self,
        learn: Learn,
        dial: DialNode,
        observer: CacheObserver,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._learn = learn
        self._dial = dial
        self._observer = observer
        self._clock = clock
        self._timeout_s = timeout_s
        self._topology: Topology | None = None
        self._nodes: dict[Address, RedisStore] = {}
        self._runs: dict[Address, str] = {}
        self._combined = ""
        self._learning: asyncio.Task[None] | None = None
        self._learned_at = float("-inf")
        self._state = BreakerState.CLOSED
        self._connects = ConnectLog()
        self.signals: ClusterPubSub = ClusterPubSub(self)

    def read(self, keys: tuple[str, ...]) -> Awaitable[StoreReading]:
        if self._topology is None:
            return self._read_later(keys)
        return self.node_of(keys[0]).read(keys)

    async def write(self, key: str, value: bytes, ttl_s: float) -> None:
        await self.known()
        await self.node_of(key).write(key, value, ttl_s)

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        await self.known()
        return await self.node_of(next(iter(values))).write_if_absent(values, ttl_s)

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        await self.known()
        parts: dict[RedisStore, dict[str, bytes]] = {}
        for key, value in values.items():
            parts.setdefault(self.node_of(key), {})[key] = value
        runs = await asyncio.gather(*(node.replace(part, ttl_s) for node, part in parts.items()))
        if len(set(runs)) != 1:
            raise StoreUnavailable("replace", "incarnation")
        return runs[0]

    async def delete(self, keys: Sequence[str]) -> None:
        await self.known()
        parts: dict[RedisStore, list[str]] = {}
        for key in keys:
            parts.setdefault(self.node_of(key), []).append(key)
        await asyncio.gather(*(node.delete(part) for node, part in parts.items()))

    async def ping(self) -> str:
        await self.known()
        await asyncio.gather(*(node.ping() for node in tuple(self._nodes.values())))
        if not self._combined:
            raise StoreUnavailable("ping", "incarnation")
        return self._combined

    async def prove_writable(self) -> str:
        await self.known()
        topology = self._topology
        probes = {} if topology is None else topology.probes
        runs = await asyncio.gather(*(self._nodes[node].prove_writable(key) for node, key in probes.items()))
        if len(set(runs)) != 1 or not self._combined:
            raise StoreUnavailable("probe", "incarnation")
        return self._combined

    async def reconnect(self) -> None:
        for node in tuple(self._nodes.values()):
            await node.reconnect()
        self._doubt()

    async def aclose(self) -> None:
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait((self._learning,))
        for node in self._nodes.values():
            await node.aclose()

    def node_of(self, key: str) -> RedisStore:
        """Return the primary's store that holds `key`.

        Raises:
            StoreUnavailable: Nobody holds its slot.
        """
        if self._topology is None:
            raise StoreUnavailable("route", "connection")
        return self._nodes[self._topology.primary_of(key)]

    async def known(self) -> None:
        """Wait, no longer than a call may take, until the topology is known.

        Raises:
            StoreUnavailable: It is not.
        """
        if self._topology is None:
            self._doubt()
            if self._learning is not None:
                await asyncio.wait((self._learning,), timeout=self._timeout_s)
        if self._topology is None:
            raise self._connects.explained(StoreUnavailable("route", "connection"))

    async def _read_later(self, keys: tuple[str, ...]) -> StoreReading:
        await self.known()
        return await self.node_of(keys[0]).read(keys)

    def _doubt(self) -> None:
        """Learn the topology again, unless that is under way or was done just now."""
        now = self._clock.monotonic()
        if self._learning is not None or now - self._learned_at < _LEARN_EVERY_S:
            return
        self._learned_at = now
        self._learning = asyncio.ensure_future(self._relearn())

    async def _relearn(self) -> None:
        try:
            with translated():
                await self._adopt(await self._learn(tuple(self._nodes)))
            self._connects.connected()
        except StoreUnavailable as fault:
            self._connects.failed(fault)
        finally:
            self._learning = None

    async def _adopt(self, topology: Topology) -> None:
        gone = [address for address in self._nodes if address not in topology.primaries]
        for address in topology.primaries:
            if address not in self._nodes:
                self._nodes[address] = self._node(address)
        self._topology = topology
        left = [self._nodes.pop(address) for address in gone]
        for address in gone:
            self._runs.pop(address, None)
        self._combine()
        for node in left:
            await node.aclose()
        # Every primary's run must be known before the cluster's incarnation is.
        await asyncio.gather(*(node.ping() for node in tuple(self._nodes.values())), return_exceptions=True)

    def _node(self, address: Address) -> RedisStore:
        breaker = CircuitBreaker(self._clock, lambda _: self._breaker_changed())
        return RedisStore(
            partial(self._dialled, address),
            self._observer,
            self._clock,
            timeout_s=self._timeout_s,
            breaker=breaker,
            clustered=True,
        )

    async def _dialled(self, address: Address) -> Wire:
        # Whatever made a new connection necessary may also have moved the slots.
        self._doubt()
        wire = await self._dial(address)
        self._runs[address] = wire.incarnation
        self._combine()
        return _ClusterWire(wire, lambda: self._combined)

    def _combine(self) -> None:
        runs = [self._runs.get(address) for address in self._nodes]
        known = sorted(run for run in runs if run is not None)
        whole = len(known) == len(runs) and bool(runs)
        self._combined = blake2b("\n".join(known).encode(), digest_size=40).hexdigest() if whole else ""

    def _breaker_changed(self) -> None:
        states = {node.breaker.state for node in self._nodes.values()}
        worst = next((state for state in _WORST if state in states), BreakerState.CLOSED)
        if worst is not self._state:
            self._state = worst
            self._observer.breaker_changed(worst)


class ClusterPubSub:
    """Publishes and listens at the primary that holds the channel's slot.

    Args:
        store: Knows the primaries.
    """

    def __init__(self, store: ClusterStore) -> None:
        self._store = store

    async def publish(self, channel: str) -> None:
        await self._store.known()
        await self._store.node_of(channel).signals.publish(channel)

    def listening(self, channel: str) -> AbstractAsyncContextManager[asyncio.Event]:
        return self._store.node_of(channel).signals.listening(channel)
