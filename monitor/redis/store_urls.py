"""URLs that name several servers: a cluster's seeds, or the sentinels of a service."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.errors import ConfigurationError

_DEFAULT_PORTS = {"cluster": 6379, "sentinel": 26379}

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """What `redis+cluster://user:password@one:7000,two:7000/0?option=value` says.

    Attributes:
        kind: `cluster` or `sentinel`.
        hosts: The servers named.
        path: What follows them: the database, or the sentinels' service and the database.
    """

    kind: str
    hosts: tuple[Address, ...]
    path: tuple[str, ...]
    _scheme: str
    _login: str
    _query: str

    def url_of(self, address: Address, database: str = "0") -> str:
        """Return the plain URL of one server, with the login and options of all."""
        host, port = address
        name = f"[{host}]" if ":" in host else host
        return f"{self._scheme}://{self._login}{name}:{port}/{database}{self._query}"


def parse_store_url(url: str) -> StoreUrl:
    """Read such a URL.

    Raises:
        ConfigurationError: It names no server, or no service where there are sentinels.
    """
    # The servers are taken out first: a bracket after the first one is no valid host to urlsplit.
    front, _, rest = url.partition("://")
    end = next((at for at, character in enumerate(rest) if character in "/?#"), len(rest))
    netloc, parts = rest[:end], urlsplit(f"{front}://server{rest[end:]}")
    scheme, _, kind = parts.scheme.partition("+")
    login, at, hosts = netloc.rpartition("@")
    servers = tuple(_address(host, _DEFAULT_PORTS[kind]) for host in hosts.split(",") if host)
    path = tuple(part for part in parts.path.split("/") if part)
    if not servers:
        raise ConfigurationError("CACHE_URL", "name at least one server: host:port,host:port")
    if kind == "sentinel" and not path:
        raise ConfigurationError("CACHE_URL", "name the sentinels' service: host:port,host:port/service")
    query = f"?{parts.query}" if parts.query else ""
    return StoreUrl(kind, servers, path, scheme, login + at, query)


def _address(host: str, default_port: int) -> Address:
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host.strip("[]"), default_port
    if not port.isdigit():
        raise ConfigurationError("CACHE_URL", "a port is a number")
    return name.strip("[]"), int(port)
