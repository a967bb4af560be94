"""Other projects' programs for tests: found, or the test is skipped; on CI it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.drill.binaries import Binaries
from monitor.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent
BINARIES = Binaries(os.environ, ROOT / ".cache" / "servers")


def need(name: str, *, newer: bool = False) -> Path:
    """Return the program's path; without it skip the test, or fail it where `CI` is set."""
    try:
        return BINARIES.find_newer(name) if newer else BINARIES.find(name)
    except ConfigurationError as missing:
        if on_ci():
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


def on_ci() -> bool:
    """Say whether `CI` is set to anything but a no."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
