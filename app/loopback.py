"""Ports and answers of this machine's own loopback interface."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

_LISTEN = "0A"  # the state in the kernel's table of sockets
# Without a proxy, which could not reach this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """Return a loopback TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def http_ok(url: str, timeout_s: float = 1.0) -> bool:
    """Say whether a loopback URL answers 2xx."""
    try:
        with _OPENER.open(url, timeout=timeout_s):
            return True
    except (OSError, urllib.error.HTTPError):
        return False


def listens(pid: int, port: int) -> bool:
    """Say whether the process itself listens on the port; another's answer there is no sign of life.

    True where the system has no `/proc` to tell.
    """
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [
        line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]
    ]
    inodes = {
        f"socket:[{words[9]}]"
        for words in lines
        if words[3] == _LISTEN and int(words[1].rpartition(":")[2], 16) == port
    }
    try:
        return any(str(entry.readlink()) in inodes for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return not Path("/proc/self/fd").exists()
