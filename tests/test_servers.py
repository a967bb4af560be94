"""The servers that tests rest on."""

from __future__ import annotations

import socket

import asyncpg
import pytest

from app.drill.process import ServerFailed
from tests.binaries import need
from tests.servers import PostgresServer, RedisServer


def test_redis_keeps_its_port_and_loses_its_data_over_a_restart(fresh_redis: RedisServer) -> None:
    """A restarted Redis answers on the same URL as an empty, other process."""
    fresh_redis.ask("SET k v")
    url, pid = fresh_redis.url, fresh_redis.pid

    fresh_redis.restart()

    assert (fresh_redis.url, fresh_redis.ask("EXISTS k")) == (url, ":0")
    assert fresh_redis.pid != pid


def test_a_paused_redis_accepts_and_does_not_answer(fresh_redis: RedisServer) -> None:
    """While paused, a connection opens and no byte comes; once resumed, answers come."""
    fresh_redis.pause()
    with socket.create_connection(("127.0.0.1", fresh_redis.port), 1.0) as connection:
        connection.sendall(b"PING\r\n")
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(16)
        fresh_redis.resume()
        connection.settimeout(5.0)
        assert connection.recv(16) == b"+PONG\r\n"


def test_a_killed_redis_is_gone_until_started(fresh_redis: RedisServer) -> None:
    """After a kill nothing answers; a start brings it back."""
    fresh_redis.kill()
    assert not fresh_redis.running
    assert fresh_redis.ask("PING") == ""
    assert fresh_redis.start().ask("PING") == "+PONG"


def test_a_server_that_cannot_start_shows_what_it_wrote() -> None:
    """The failure carries the server's own words."""
    server = RedisServer(need("redis-server"), options=("--no-such-option", "1"))
    with pytest.raises(ServerFailed, match="no-such-option"):
        server.start()
    server.close()
    assert not server.folder.exists()


async def test_each_postgres_database_is_fresh(postgres_url: str, postgres_server: PostgresServer) -> None:
    """A test's database holds no table, and one made from it as a template holds its tables."""
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    await connection.execute("create table t (n int)")
    await connection.close()

    copy = postgres_server.create_database(template=postgres_url.rpartition("/")[2])

    assert postgres_server.execute("select count(*) from t", copy) == "0"
    postgres_server.drop_database(copy)


async def test_database_url_names_both_kinds(database_url: str) -> None:
    """The parametrised fixture gives asynchronous URLs only."""
    assert database_url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://"))
