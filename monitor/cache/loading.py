"""What happens behind a miss: one load, its fill, and who waits for what."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, NamedTuple, Protocol

from monitor.cache.admission import Admission
from monitor.cache.cache_observer import CacheObserver
from monitor.cache.entry import Entry
from monitor.cache.expiry import Expiry
from monitor.cache.keys import CacheKey
from monitor.cache.load_lease import LoadLease
from monitor.cache.lookup import Load, Loaded
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.sealer import Sealer, opened
from monitor.cache.single_flight import Flight, SingleFlight
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import StoreUnavailable, error_type_of


class Sight(Protocol):
    """What a lookup read before its load: the epoch and generations to store under."""

    @property
    def stamp(self) -> bytes:
        """Epoch and generations."""
        ...

    @property
    def epoch(self) -> int:
        """The epoch in the stamp."""
        ...

    @property
    def sent_at(self) -> float:
        """Monotonic time at which the read of the generations was sent."""
        ...


class LoadOutcome(NamedTuple):
    """What a load brought to everyone who waits for it.

    Attributes:
        loaded: The answer.
        stored: Whether it is stored.
        ttl_s: For how long from now.
        age_s: How long ago it was loaded.
        elsewhere: Whether another process loaded it.
    """

    loaded: Loaded
    stored: bool
    ttl_s: float
    age_s: float = 0.0
    elsewhere: bool = False


class Loading:
    """Loads once for each (key, epoch, generations) and stores what was loaded.

    Args:
        store: Where entries go.
        sealer: Closes them.
        near: The near cache, if there is one.
        admission: Asked again before the fill.
        observer: Told loads and fills.
        clock: Time for durations and expiry.
        expiry: Says when an entry ends.
        lease: Lets one process load at a time; None where there is one process.
    """

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        near: NearCache[Any] | None,
        admission: Admission,
        observer: CacheObserver,
        clock: Clock,
        expiry: Expiry,
        lease: LoadLease | None,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._near = near
        self._admission = admission
        self._observer = observer
        self._clock = clock
        self._expiry = expiry
        self._lease = lease
        self._flights: SingleFlight[LoadOutcome] = SingleFlight()
        self._alone: SingleFlight[Loaded] = SingleFlight()

    def join(
        self, policy: CachePolicy, key: CacheKey, load: Load, sight: Sight, newer_than: float = 0.0
    ) -> tuple[Flight[LoadOutcome], bool]:
        """Return the load to wait for, and whether it is another caller's; shield it.

        An entry that another process stores meanwhile will do, if it was created after `newer_than`.
        """
        flight_key = (key, sight.stamp)
        flight = self._flights.current(flight_key)
        if flight is not None:
            self._observer.coalesced(key.domain)
            return flight, True
        work = partial(self._land, policy, key, load, sight, newer_than)
        return self._flights.begin(flight_key, work), False

    def begin_early(self, policy: CachePolicy, key: CacheKey, load: Load, sight: Sight, entry: Entry) -> None:
        """Load again behind a hit on `entry`, unless somebody does already."""
        if self._flights.current((key, sight.stamp)) is None:
            self.join(policy, key, load, sight, entry.created_at)[0].keep()

    def alone(self, key: CacheKey, load: Load) -> Flight[Loaded]:
        """Load for one caller, and store nothing: what was loaded for others was for them alone."""

        async def work(outcome: asyncio.Future[Loaded]) -> None:
            outcome.set_result(await self.observed(key, load))

        return self._alone.begin(object(), work)

    async def aclose(self) -> None:
        """Wait for loads and fills under way."""
        await self._flights.aclose()
        await self._alone.aclose()

    async def _land(
        self,
        policy: CachePolicy,
        key: CacheKey,
        load: Load,
        sight: Sight,
        newer_than: float,
        outcome: asyncio.Future[LoadOutcome],
    ) -> None:
        if self._lease is None or policy.load_lease_s <= 0:
            await self._load_and_fill(policy, key, load, sight, outcome)
            return
        look = partial(self._stored_elsewhere, key, sight, newer_than)
        turn = await self._lease.turn(key, sight.stamp, policy.load_lease_s, look)
        if turn.found is not None:
            self._take_over(policy, key, turn.found, sight, outcome)
            return
        try:
            await self._load_and_fill(policy, key, load, sight, outcome)
        finally:
            if turn.held is not None:
                await self._lease.release(turn.held)

    async def _load_and_fill(
        self,
        policy: CachePolicy,
        key: CacheKey,
        load: Load,
        sight: Sight,
        outcome: asyncio.Future[LoadOutcome],
    ) -> None:
        began, began_at = self._clock.monotonic(), self._clock.time()
        loaded = await self.observed(key, load)
        load_s = self._clock.monotonic() - began
        ttl_s = self._expiry.ttl_s(policy, key.tenant, began_at, negative=loaded.negative)
        if loaded.lifetime_s is not None:
            # Counted from before the load began, so that the way here makes it no younger (RFC 9111, 4.2.3).
            ttl_s = min(ttl_s, loaded.lifetime_s)
        stored = self._storable(policy, key, loaded, ttl_s, sight)
        outcome.set_result(LoadOutcome(loaded, stored, ttl_s))
        if stored:
            entry = Entry(
                loaded.value, began_at, began_at + ttl_s, load_s, loaded.negative, loaded.revalidates
            )
            await self._fill(policy, key, entry, sight)

    async def _stored_elsewhere(self, key: CacheKey, sight: Sight, newer_than: float) -> Entry | None:
        reading = await self._store.read((key.physical,))
        if not self._admission.recognises(sight.epoch, reading.incarnation):
            return None
        entry = opened(self._sealer, None, key, sight.stamp, reading.values[0])
        if entry is None or entry.created_at <= newer_than or entry.expires_at <= self._clock.time():
            return None
        return entry

    def _take_over(
        self,
        policy: CachePolicy,
        key: CacheKey,
        entry: Entry,
        sight: Sight,
        outcome: asyncio.Future[LoadOutcome],
    ) -> None:
        self._observer.coalesced(key.domain)
        self._hold(policy, key, entry, sight)
        now = self._clock.time()
        loaded = Loaded(entry.value, negative=entry.negative, revalidates=entry.revalidates)
        left_s, age_s = entry.expires_at - now, now - entry.created_at
        outcome.set_result(LoadOutcome(loaded, stored=True, ttl_s=left_s, age_s=age_s, elsewhere=True))

    def _hold(self, policy: CachePolicy, key: CacheKey, entry: Entry, sight: Sight) -> None:
        if self._near is not None and policy.near is not NearMode.OFF:
            self._near.put(key, entry, sight.stamp, sight.epoch, sight.sent_at)

    async def observed(self, key: CacheKey, load: Load) -> Loaded:
        """Run `load` and tell how long it took and how it ended."""
        began = self._clock.monotonic()
        error_type: str | None = "CancelledError"
        try:
            loaded = await load()
            error_type = None
        except Exception as failure:
            error_type = error_type_of(failure)
            raise
        finally:
            self._observer.loaded(key.tenant, key.domain, self._clock.monotonic() - began, error_type)
        return loaded

    def _storable(
        self, policy: CachePolicy, key: CacheKey, loaded: Loaded, ttl_s: float, sight: Sight
    ) -> bool:
        if not loaded.cacheable or ttl_s <= 0:
            return False
        if len(loaded.value) > policy.max_entry_bytes:
            self._observer.fill_rejected(key.domain, "too_large")
            return False
        if self._admission.admits(key.tenant, key.domain) != sight.epoch:
            self._observer.fill_rejected(key.domain, "not_admitted")
            return False
        return True

    async def _fill(self, policy: CachePolicy, key: CacheKey, entry: Entry, sight: Sight) -> None:
        # No generation is compared: an entry under a replaced one is simply never valid.
        sealed = self._sealer.seal(key, sight.stamp, entry.encode())
        self._hold(policy, key, entry, sight)
        keep_s = entry.expires_at - self._clock.time()
        if not (entry.negative or entry.revalidates):
            keep_s += policy.stale_if_error_s
        try:
            await self._store.write(key.physical, sealed, max(keep_s, 0.001))
        except StoreUnavailable:
            self._observer.fill_rejected(key.domain, "store_failed")
        else:
            self._observer.filled(key.domain, len(sealed))
