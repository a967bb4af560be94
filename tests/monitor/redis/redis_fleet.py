"""Several Redis processes together: a cluster with a replica, a primary and replica under a sentinel."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.binaries import need
from tests.servers import RedisServer, Server, free_port

_RANGES = ((0, 5_460), (5_461, 10_922), (10_923, 16_383))


class ClusterNode(RedisServer):
    """A Redis that is a node of a cluster, impatient enough for a test."""

    def __init__(self, program: Path) -> None:
        super().__init__(program)
        self.bus = free_port()

    def command(self) -> Sequence[str]:
        options = (
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "500",
            "--cluster-port",
            str(self.bus),
        )
        patience = (
            "--cluster-require-full-coverage",
            "no",
            "--cluster-replica-validity-factor",
            "0",
            "--repl-diskless-sync-delay",
            "0",
        )
        return (*super().command(), *options, *patience)


class Sentinel(Server):
    """A sentinel that watches one primary alone."""

    name = "sentinel"

    def __init__(self, program: Path, primary: RedisServer) -> None:
        super().__init__()
        self._program = program
        self._primary = primary

    def command(self) -> Sequence[str]:
        config = self.folder / "sentinel.conf"
        config.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\n"
            f"sentinel monitor clinic 127.0.0.1 {self._primary.port} 1\n"
            "sentinel down-after-milliseconds clinic 400\nsentinel failover-timeout clinic 2000\n"
        )
        return (str(self._program), str(config), "--sentinel")

    def ready(self) -> bool:
        try:
            return reply(self, "PING").startswith("+PONG")
        except OSError:
            return False


def wait(holds: Callable[[], bool], what: str, deadline_s: float = 30.0) -> None:
    """Return once `holds()`; fail with `what` after the deadline."""
    ends = time.monotonic() + deadline_s
    pause = 0.01
    while not holds():
        if time.monotonic() > ends:
            raise AssertionError(what)
        time.sleep(pause)


def reply(server: Server, command: str) -> str:
    """Return the whole answer to an inline command."""
    with socket.create_connection(("127.0.0.1", server.port), 2.0) as connection:
        connection.sendall(command.encode() + b"\r\n")
        return connection.recv(65_536).decode(errors="replace")


@contextmanager
def cluster() -> Iterator[list[ClusterNode]]:
    """Run three primaries and, last, a replica of the first."""
    program = need("redis-server")
    with ExitStack() as stack:
        nodes = [stack.enter_context(ClusterNode(program)) for _ in range(4)]
        first, *others = nodes
        for node, (start, end) in zip(nodes, _RANGES, strict=False):
            node.ask(f"CLUSTER ADDSLOTSRANGE {start} {end}")
        for node in others:
            first.ask(f"CLUSTER MEET 127.0.0.1 {node.port} {node.bus}")
        wait(
            lambda: all("cluster_known_nodes:4" in reply(node, "CLUSTER INFO") for node in nodes),
            "the nodes have not met",
        )
        name = reply(first, "CLUSTER MYID").split("\r\n")[1]
        wait(lambda: nodes[3].ask(f"CLUSTER REPLICATE {name}") == "+OK", "the replica has not joined")
        wait(
            lambda: all("cluster_state:ok" in reply(node, "CLUSTER INFO") for node in nodes),
            "the cluster is not whole",
        )
        wait(lambda: "master_link_status:up" in reply(nodes[3], "INFO replication"), "the replica lags")
        yield nodes


@contextmanager
def watched() -> Iterator[tuple[RedisServer, RedisServer, Sentinel]]:
    """Run a primary, its replica, and a sentinel that knows both."""
    program = need("redis-server")
    with (
        RedisServer(program, ("--repl-diskless-sync-delay", "0")) as primary,
        RedisServer(program) as replica,
    ):
        replica.ask(f"REPLICAOF 127.0.0.1 {primary.port}")
        wait(lambda: "master_link_status:up" in reply(replica, "INFO replication"), "the replica lags")
        with Sentinel(program, primary) as sentinel:
            wait(
                lambda: str(replica.port) in reply(sentinel, "SENTINEL REPLICAS clinic"),
                "the sentinel has not found the replica",
            )
            yield primary, replica, sentinel
