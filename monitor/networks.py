"""Networks that a service trusts, by address."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from monitor.errors import ConfigurationError

_MOST_REMEMBERED = 4_096


class Networks:
    """A set of networks; the empty one holds nobody.

    Args:
        names: Addresses and networks such as `10.1.0.0/16` or `::1`; `*` stands for everybody.
        setting: What they were read from, for the error.

    Raises:
        ConfigurationError: One of them is neither an address nor a network.
    """

    def __init__(self, names: Iterable[str] = (), setting: str = "trusted networks") -> None:
        listed = [name.strip() for name in names]
        self._everybody = "*" in listed
        self._networks = tuple(_network(name, setting) for name in listed if name != "*")
        # One client asks many times, and reading an address costs more than the rest of the question.
        self._remembered = lru_cache(_MOST_REMEMBERED)(self._holds)

    def __bool__(self) -> bool:
        return self._everybody or bool(self._networks)

    def __contains__(self, host: object) -> bool:
        if self._everybody:
            return True
        return bool(self._networks) and isinstance(host, str) and self._remembered(host)

    def _holds(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _network(name: str, setting: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(name)
    except ValueError:
        raise ConfigurationError(setting, f"{name!r} is no address and no network") from None
