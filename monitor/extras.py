"""What one setting needs and the kit does not: an extra of the distribution, named where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.errors import ConfigurationError

DISTRIBUTION = "tenant-monitor"


@contextmanager
def needed_for(setting: str, extra: str) -> Iterator[None]:
    """Import, in the block, what only `setting` asks for.

    Args:
        setting: The argument, variable or command that wants it.
        extra: The extra of the distribution that brings it.

    Raises:
        ConfigurationError: A package of the extra is not installed; it says what to install.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        package = (missing.name or "").split(".")[0]
        if package == "monitor":  # a fault of ours, which no installation mends
            raise
        raise ConfigurationError(
            setting, f"needs {missing.name}: pip install '{DISTRIBUTION}[{extra}]'"
        ) from missing
