"""Which primary of a Redis Cluster holds which slot."""

from __future__ import annotations

from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

from monitor.errors import StoreUnavailable
from monitor.redis.connection_faults import translated
from monitor.redis.redis_connection import ask
from monitor.redis.store_urls import Address, StoreUrl


def slot_of(key: str) -> int:
    """Return the slot of a physical key: CRC16 of its hash tag (Redis Cluster specification)."""
    return key_slot(key.encode())


class Topology:
    """Slots and their primaries, as one node of the cluster told.

    Args:
        ranges: First slot, last slot and primary of each range.
    """

    def __init__(self, ranges: list[tuple[int, int, Address]]) -> None:
        self.primaries: tuple[tuple[str, int], ...] = tuple(
            dict.fromkeys(address for _, _, address in ranges)
        )
        self._of: list[Address | None] = [None] * SLOTS
        for first, last, address in ranges:
            self._of[first : last + 1] = [address] * (last + 1 - first)

    @property
    def probes(self) -> dict[Address, str]:
        """A key of each primary that holds a slot, for a value of the kit's own."""
        found: dict[Address, str] = {}
        holders = {address for address in self._of if address is not None}
        for number in range(SLOTS):
            if len(found) == len(holders):
                break
            key = f"{{monitor:{number}}}:probe"
            address = self._of[slot_of(key)]
            if address is not None:
                found.setdefault(address, key)
        return found

    def primary_of(self, key: str) -> Address:
        """Return the primary that holds `key`.

        Raises:
            StoreUnavailable: Nobody holds its slot.
        """
        address = self._of[slot_of(key)]
        if address is None:
            raise StoreUnavailable("route", "moved")
        return address


async def learn(addresses: StoreUrl, known: tuple[Address, ...], timeout_s: float) -> Topology:
    """Ask known primaries, then the seeds, until one tells.

    Raises:
        StoreUnavailable: Nobody does.
    """
    fault = StoreUnavailable("connect", "connection")
    for address in dict.fromkeys((*known, *addresses.hosts)):
        try:
            with translated():
                answer = await ask(addresses.url_of(address), ("CLUSTER", "SLOTS"), timeout_s)
                return Topology([_range(entry, address) for entry in answer])
        except StoreUnavailable as failure:
            fault = failure
    raise fault


def _range(entry: Any, asked: Address) -> tuple[int, int, Address]:
    # An empty host means the node that was asked (Redis Cluster's "unknown endpoint").
    first, last, primary = entry[0], entry[1], entry[2]
    return int(first), int(last), ((primary[0] or b"").decode() or asked[0], int(primary[1]))
