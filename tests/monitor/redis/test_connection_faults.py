"""Whatever a connection meets is tried again, named once, and told to the operator."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hiredis import ReplyError
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import AuthenticationError, ResponseError
from structlog.testing import capture_logs

from monitor.cache.store import Store
from monitor.clock import SystemClock
from monitor.errors import ConfigurationError, StoreUnavailable
from monitor.redis.circuit_breaker import CircuitBreaker
from monitor.redis.connection_faults import fault_of, refusal, translated
from monitor.redis.multiplexer import Multiplexer, Wire
from monitor.redis.open_store import open_store
from monitor.redis.redis_connection import dial
from monitor.testing.fakes import RecordingObserver
from tests.conditions import until
from tests.servers import RedisServer, free_port

_LOOPBACK = IPv4Address("127.0.0.1")
INFO = {"role": "master", "run_id": "r" * 40, "master_replid": "m" * 40}
ATTEMPTS = 3


class OddServer:
    """A server of another make, which answers INFO as it is told to and everything else with OK."""

    def __init__(self, info: bytes) -> None:
        self.info = info
        self.greetings = 0
        self._talks: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.greetings += 1
        self._talks[asyncio.current_task()] = writer
        try:
            while command := await read_command(reader):
                writer.write(self.info if command == b"INFO" else b"+OK\r\n")
                await writer.drain()
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Listen until the block ends; give the port."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=tls)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for writer in self._talks.values():
                writer.close()
            await asyncio.gather(*filter(None, self._talks), return_exceptions=True)


async def read_command(reader: asyncio.StreamReader) -> bytes:
    """Return the name of the next command; nothing at the end."""
    head = await reader.readline()
    words = []
    for _ in range(int(head[1:] or 0)):
        await reader.readline()
        words.append((await reader.readline()).strip())
    return words[0].upper() if words else b""


def bulk(text: str) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


def info_of(**facts: str | None) -> bytes:
    """Return an answer to INFO; None takes a fact out."""
    lines = {**INFO, **facts}
    return bulk("\r\n".join(f"{name}:{value}" for name, value in lines.items() if value is not None))


def opened(url: str, timeout_s: float = 2.0) -> Store:
    return open_store(
        url,
        clock=SystemClock(),
        observer=RecordingObserver(),
        timeout_s=timeout_s,
        connect_timeout_s=timeout_s,
    )


async def met(store: Store) -> tuple[str, str | None]:
    """Return what an attempt to store something meets."""
    with pytest.raises(StoreUnavailable) as caught:
        await store.prove_writable()
    return caught.value.reason, caught.value.detail


async def writable(store: Store) -> bool:
    try:
        await store.prove_writable()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.parametrize(
    ("acl", "login", "fault"),
    [
        ("on >secret ~* &* +@all", "ops:wrong@", ("login", "the server refuses the user or the password")),
        ("off >secret ~* &* +@all", "ops:secret@", ("login", "the server refuses the user or the password")),
        ("on >secret ~* &* +@all -info", "ops:secret@", ("refused", "the user may not run INFO")),
        ("on >secret ~* &* +@all -select", "ops:secret@", ("refused", "the user may not run SELECT")),
        ("on >secret ~* &* +@all -set", "ops:secret@", ("refused", "the user may not run SET")),
        ("on >secret ~x &* +@all", "ops:secret@", ("refused", "the user may not use the key or channel")),
    ],
)
async def test_each_fault_of_a_user_is_named_and_outlived(
    fresh_redis: RedisServer, acl: str, login: str, fault: tuple[str, str]
) -> None:
    """Operators read what is missing; once they have given it the store comes back by itself."""
    fresh_redis.ask(f"ACL SETUSER ops {acl}")
    store = opened(f"redis://{login}127.0.0.1:{fresh_redis.port}/1")
    with capture_logs() as lines:
        assert await met(store) == fault
        for _ in range(ATTEMPTS):
            assert (await met(store))[1] == fault[1]
        fresh_redis.ask("ACL SETUSER ops on >wrong >secret ~* &* +@all")
        await until(lambda: writable(store))
    await store.aclose()

    told = [line for line in lines if line["event"] == "cache_connect_failed"]
    assert len(told) == (0 if "SET" in fault[1].split() or "key" in fault[1] else 1)
    assert [(line["reason"], line["detail"]) for line in told] == [fault] * len(told)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (info_of(run_id=None), ("incarnation", "INFO tells no run_id, so the cache is not used")),
        (info_of(run_id=""), ("incarnation", "INFO tells no run_id, so the cache is not used")),
        (info_of(role=None), ("incarnation", "INFO tells no role, so the cache is not used")),
        (bulk(""), ("incarnation", "INFO tells no role, so the cache is not used")),
        (info_of(role="slave"), ("moved", "the server is a replica")),
        (b"-ERR unknown command 'INFO'\r\n", ("refused", "the server answers ERR")),
        (b"-LOADING it loads\r\n", ("busy", None)),
        (b"$-1\r\n", ("protocol", "unexpected AttributeError")),
        (b":7\r\n", ("protocol", "unexpected AttributeError")),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ("protocol", "unexpected InvalidResponse")),
    ],
)
async def test_a_server_that_cannot_tell_its_incarnation_is_asked_again(
    answer: bytes, fault: tuple[str, str | None]
) -> None:
    """The cache is not used meanwhile, and is as soon as the answer says what it must."""
    server = OddServer(answer)
    async with server.running() as port:
        store = opened(f"redis://127.0.0.1:{port}/0")
        with capture_logs() as lines:
            assert (await met(store))[0] == fault[0]
            await until(lambda: asked_again(store, server))
        assert [line["reason"] for line in lines if line["event"] == "cache_connect_failed"] == [fault[0]]

        server.info = info_of()
        await until(lambda: writable(store))
        assert await store.ping() == f"{INFO['run_id']}:{INFO['master_replid']}"
        await store.aclose()


async def asked_again(store: Store, server: OddServer) -> bool:
    """Say whether the server was dialled several times while somebody went on asking."""
    await writable(store)
    return server.greetings >= ATTEMPTS


async def test_run_id_alone_is_an_incarnation() -> None:
    """What INFO tells besides is taken where it is there."""
    async with OddServer(info_of(master_replid=None)).running() as port:
        wire = await dial(f"redis://127.0.0.1:{port}/0", 2.0)
        assert wire.incarnation == f"{INFO['run_id']}:"
        wire.close()


async def test_a_certificate_that_nobody_trusts_is_named(tmp_path: Path) -> None:
    """TLS is told from a server that is down."""
    async with OddServer(info_of()).running(self_signed(tmp_path)) as port:
        store = opened(f"rediss://127.0.0.1:{port}/0")
        assert await met(store) == ("tls", "TLS failed: the server's certificate is not trusted")
        await store.aclose()

        trusting = opened(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path}/cert.pem")
        await until(lambda: writable(trusting))
        await trusting.aclose()


async def test_a_port_without_tls_is_named(fresh_redis: RedisServer) -> None:
    """Redis waits for the rest of what it takes for a command: the time runs out in the handshake."""
    store = opened(f"rediss://127.0.0.1:{fresh_redis.port}/0", timeout_s=0.2)
    with capture_logs() as lines:
        await met(store)
        await until(lambda: any(line["event"] == "cache_connect_failed" for line in lines))
    assert (await met(store))[1] == "no TLS handshake in time"
    await store.aclose()


async def test_nobody_at_the_address_is_a_lost_connection() -> None:
    """The plain case, which needs no sentence."""
    store = opened(f"redis://127.0.0.1:{free_port()}/0")

    assert (await met(store))[0] == "connection"
    await store.aclose()


@pytest.mark.parametrize("failure", [KeyError("run_id"), TypeError("odd"), RuntimeError("pass:word")])
async def test_a_dial_that_fails_as_nobody_thought_of_is_not_the_last(failure: Exception) -> None:
    """An error of any class frees the connection to be dialled again, and its words stay out of the log."""
    attempts = 0

    async def odd_dial() -> Wire:
        nonlocal attempts
        attempts += 1
        raise failure

    clock, observer = SystemClock(), RecordingObserver()
    link = Multiplexer(odd_dial, CircuitBreaker(clock, observer.breaker_changed), observer, clock, 1.0)

    async def dialled_again() -> bool:
        with pytest.raises(StoreUnavailable):
            await link.call("ping", (("PING",),))
        return attempts >= ATTEMPTS

    with capture_logs() as lines:
        await until(dialled_again)
    await link.aclose()
    [line] = [line for line in lines if line["event"] == "cache_connect_failed"]
    assert (line["reason"], line["detail"]) == ("protocol", f"unexpected {type(failure).__name__}")


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pass-word@127.0.0.1:1/0?odd=1",
        "redis://:pass-word@127.0.0.1:1/0?socket_timeout=soon",
        "redis+sentinel://:pass-word@127.0.0.1:1/clinic/0?odd=1",
        "redis+cluster://:pass-word@127.0.0.1:1?odd=1",
    ],
)
def test_a_url_that_the_client_does_not_take_stops_the_start(url: str) -> None:
    """One line at the start, without the password, instead of a cache that never comes."""
    with pytest.raises(ConfigurationError) as caught:
        opened(url)

    assert caught.value.variable == "CACHE_URL"
    assert "pass-word" not in str(caught.value)


@given(text=st.text(max_size=60))
def test_no_words_of_a_server_reach_the_log(text: str) -> None:
    """A server's text may name a key or a user: what is told is a code or a sentence of our own."""
    secret = f"key{text}key"
    for fault in (
        fault_of(ResponseError(secret)),
        fault_of(AuthenticationError(secret)),
        fault_of(OSError(secret)),
        fault_of(ValueError(secret)),
        refusal(ReplyError(f"ERR {secret}")),
        refusal(ReplyError(f"NOPERM {secret}")),
    ):
        assert secret not in str(fault)


def test_a_cancelled_attempt_is_no_fault() -> None:
    """Cancellation passes, so that a service can end."""
    with pytest.raises(asyncio.CancelledError), translated():
        raise asyncio.CancelledError


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's side of TLS whose certificate nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_LOOPBACK)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
