"""What stands before every path of a service behind a proxy that strips it."""

from __future__ import annotations

import re
from typing import Final

from monitor.errors import ConfigurationError

_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


def is_prefix(path: str) -> bool:
    """Say whether a text is a prefix: segments of unreserved characters (RFC 3986), none of them dots."""
    return bool(_PREFIX.fullmatch(path)) and {".", ".."}.isdisjoint(path.split("/"))


def prefix_of(path: str, setting: str = "root path") -> str:
    """Return a prefix in its one form: empty, or with a slash in front and none behind.

    Raises:
        ConfigurationError: It is no prefix.
    """
    prefix = path.strip().rstrip("/")
    if prefix and not is_prefix(prefix):
        raise ConfigurationError(setting, "must be a path such as /vet, of letters, digits and ._~-")
    return prefix
