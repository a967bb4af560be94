"""An application whose answers a test writes down, behind the kit's sign-in, cache and invalidation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry.trace import NoOpTracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_aside import TenantCache
from monitor.cache.memory_store import MemoryStore
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy
from monitor.cache.rollout import Rollout
from monitor.cache.sealing import AesGcmSealer
from monitor.database.write_context import NoSettlement
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.cached_route import CachedRoute
from monitor.middleware.interceptor import CacheInterceptor
from monitor.middleware.invalidation import InvalidationMiddleware
from monitor.middleware.sign_in import SignIn
from monitor.middleware.tenant import TenantMiddleware
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.monitor.middleware.probe import Client
from tests.monitor.middleware.test_interceptor import Tenants, list_key, note_key

Pairs = Sequence[tuple[str, str]]
TTL_S = 1_000.0


def encoded(pairs: Pairs) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]


@dataclass
class Answered:
    """What a client was sent."""

    status: int
    lines: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.lines}


@dataclass
class Origin:
    """The application.

    Attributes:
        status: What it answers.
        headers: The same.
        body: The same; `{n}` stands for how often it was asked.
        held: What it waits for before it answers.
        asked: The headers of every request that reached it.
        methods: The methods of the same.
    """

    status: int = 200
    headers: Pairs = ()
    body: str = "answer {n}"
    held: asyncio.Event | None = None
    asked: list[dict[bytes, bytes]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        self.asked.append(dict(scope["headers"]))
        self.methods.append(scope["method"])
        body = self.body.format(n=len(self.asked)).encode()
        headers = encoded(self.headers)
        status = self.status
        if self.held is not None:
            await self.held.wait()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @property
    def calls(self) -> int:
        return len(self.asked)


class Stack:
    """The kit before an application.

    Args:
        app: The application.
        policy: How the answers are cached.
    """

    def __init__(self, app: ASGIApp, policy: CachePolicy | None = None) -> None:
        self.clock = clock = ManualClock()
        self.told = RecordingObserver()
        policy = policy or CachePolicy("notes", ttl_s=TTL_S, jitter=0, early_refresh=0)
        self.cache = TenantCache(
            store=MemoryStore(clock),
            policies={"notes": policy},
            observer=self.told,
            tracer=NoOpTracer(),
            clock=clock,
            admission=AlwaysAdmitted(),
            sealer=AesGcmSealer([bytes(32)]),
            near=NearCache(),
            rollout=Rollout(self.told),
        )
        plans = CachePlans([CachedRoute("/notes", list_key), CachedRoute("/notes/{note}", note_key)])
        inner = InvalidationMiddleware(app, NoSettlement(), plans, self.cache.refresh)
        overriding = {"notes"} if policy.overrides_cache_control else ()
        cached = CacheInterceptor(inner, self.cache, plans, clock=clock, overriding=overriding, name="T")
        self.app: ASGIApp = TenantMiddleware(cached, sign_in=SignIn(Tenants()))

    async def ask(
        self, headers: Pairs = (), *, method: str = "GET", path: str = "/notes", tenant: str = "1"
    ) -> Answered:
        client = Client(path, method=method, headers=[(b"authorization", tenant.encode()), *encoded(headers)])
        await self.app(client.scope(), client.receive, client.send)
        return answered(client.sent)


def answered(sent: Sequence[Message]) -> Answered:
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answered(sent[0]["status"], list(sent[0]["headers"]), body)
