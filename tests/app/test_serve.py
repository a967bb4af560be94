"""What happens before workers are started; the workers themselves are tried in tests/e2e/test_serve.py."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from app.loopback import free_port
from app.serve import require_free
from monitor.errors import ConfigurationError


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])  # the loopback and any address
def test_a_free_port_is_fine(host: str) -> None:
    """Nothing listens: no complaint, and the port is still free afterwards."""
    port = free_port()
    require_free(host, port)
    require_free(host, port)


def test_a_strangers_port_is_refused_even_if_it_is_shared() -> None:
    """A socket that would let others share its port (SO_REUSEPORT) still counts as taken."""
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        with pytest.raises(ConfigurationError, match="Address already in use"):
            require_free("127.0.0.1", stranger.getsockname()[1])


def test_a_foreign_address_is_refused() -> None:
    """An address that is none of this machine's is named."""
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1"):
        require_free("192.0.2.1", free_port())


@pytest.mark.parametrize(("soft", "hard", "after"), [(256, 4_096, 4_096), (4_096, 4_096, 4_096)])
def test_as_many_connections_may_be_open_as_the_system_lets(soft: int, hard: int, after: int) -> None:
    """A login's low limit is raised to the highest that needs no rights, in the process alone."""
    steps = (
        "import resource",
        "from app.serve import allow_connections",
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))",
        "allow_connections()",
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))",
    )
    told = subprocess.run(
        [sys.executable, "-c", "; ".join(steps)], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(after), str(hard)]
