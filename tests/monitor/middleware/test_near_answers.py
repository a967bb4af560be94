"""A near hit is answered before the chain, and nobody can tell but by the time it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_aside import TenantCache
from monitor.cache.keys import CacheKey
from monitor.cache.memory_store import MemoryStore
from monitor.cache.near_cache import LEASE_S, NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.rollout import Rollout
from monitor.cache.sealing import AesGcmSealer
from monitor.metrics.catalogue import Outcome
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.cached_route import CachedRoute, KeyMaker
from monitor.middleware.interceptor import CacheInterceptor
from monitor.middleware.near_answers import NearAnswers
from monitor.middleware.performance import PerformanceMiddleware
from monitor.middleware.sign_in import SignIn
from monitor.middleware.tenant import TenantMiddleware
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind, current_tenant
from monitor.tenancy.identity import Identity, TenantId
from monitor.testing.fakes import ManualClock, RecordingObserver
from monitor.tracing.provider import Service, build_tracing
from monitor.tracing.recent import TraceView, Wanted
from tests.conditions import until
from tests.monitor.middleware.probe import Client
from tests.monitor.middleware.test_interceptor import Tenants, list_key


class CountedStore(MemoryStore):
    """Counts the questions it is asked."""

    reads = 0

    async def read(self, keys: tuple[str, ...]) -> Any:
        self.reads += 1
        return await super().read(keys)


class CountedTenants(Tenants):
    """Counts the credentials that it is asked about."""

    asked = 0

    def resolve(self, authorization: bytes) -> Identity:
        self.asked += 1
        return super().resolve(authorization)


class CountedAdmission(AlwaysAdmitted):
    """Counts how often it is asked for an epoch to look up under."""

    asked = 0

    def admits(self, tenant: int, domain: str) -> int | None:
        self.asked += 1
        return super().admits(tenant, domain)


class Chain:
    """The kit's chain over one cached route, with near answers or without."""

    def __init__(
        self,
        *,
        near: bool = True,
        slow_s: float = 0.1,
        mode: NearMode = NearMode.LEASED,
        key: KeyMaker = list_key,
    ) -> None:
        self.clock = ManualClock()
        self.told = RecordingObserver()
        self.store = CountedStore(self.clock)
        self.rollout = Rollout(RecordingObserver())
        self.body = "v1"
        self.admission = CountedAdmission()
        traces = RecordingObserver()
        self.tracing = build_tracing(
            Service("chain", "1", "test"), clock=self.clock, observer=traces, ratio=0.0, slow_s=slow_s
        )
        self.cache = TenantCache(
            store=self.store,
            policies={"notes": CachePolicy("notes", ttl_s=60, jitter=0, early_refresh=0, near=mode)},
            observer=self.told,
            tracer=self.tracing.tracer,
            clock=self.clock,
            admission=self.admission,
            sealer=AesGcmSealer([bytes(32)]),
            near=NearCache(),
            rollout=self.rollout,
        )
        self.resolver = CountedTenants()
        sign_in, plans = SignIn(self.resolver), CachePlans([CachedRoute("/notes", key)])
        answers = NearAnswers(
            sign_in=sign_in, plans=plans, hits=self.cache.near_hits, clock=self.clock, name="monitor"
        )
        self.app = Starlette(
            routes=[Route("/notes", self._notes)],
            middleware=[
                Middleware(
                    PerformanceMiddleware,
                    recorder=self.told,
                    tracing=self.tracing.requests,
                    clock=self.clock,
                    near=answers if near else None,
                ),
                Middleware(TenantMiddleware, sign_in=sign_in),
                Middleware(CacheInterceptor, cache=self.cache, plans=plans, clock=self.clock),
            ],
        )

    async def _notes(self, _request: Request) -> Response:
        return JSONResponse({"tenant": int(current_tenant()), "body": self.body})

    async def ask(self, caller: str = "1", **options: Any) -> Client:
        more: Sequence[tuple[bytes, bytes]] = options.pop("headers", ())
        client = Client("/notes", headers=[(b"authorization", caller.encode()), *more], **options)
        await client.call(self.app)
        return client

    async def warm(self, caller: str = "1") -> None:
        """Have the answer loaded, stored, and held near under a lease that begins now."""
        for _ in range(3):
            self.clock.advance(LEASE_S)
            await self.ask(caller)
            await asyncio.sleep(0)

    async def near_hit(self, **options: Any) -> Client:
        """Ask once what is held near, and check that the store was not asked."""
        await self.warm()
        before = self.store.reads
        client = await self.ask(**options)
        assert self.store.reads == before
        return client

    def trace(self) -> TraceView:
        return self.tracing.recent.find(Wanted(), 1)[0]


def shape(trace: TraceView) -> list[tuple[str, str, dict[str, Any], bool]]:
    root = trace.spans[0].span_id
    return [(span.name, span.kind, dict(span.attributes), span.parent_id == root) for span in trace.spans]


def messages(client: Client) -> list[Message]:
    return [{**message, "headers": sorted(message.get("headers", ()))} for message in client.sent]


async def both(**options: Any) -> tuple[tuple[Chain, Client], tuple[Chain, Client]]:
    """Ask the same of a chain with near answers and of one without."""
    with_them, without = Chain(), Chain(near=False)
    return (with_them, await with_them.near_hit(**options)), (without, await without.near_hit(**options))


@pytest.mark.parametrize("headers", [(), ((b"if-none-match", b"*"),), ((b"if-none-match", b'"other"'),)])
async def test_the_answer_is_the_chains_own(headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Status, headers and body are what the whole chain sends, for a known tag too."""
    (_, near), (_, whole) = await both(headers=headers)

    assert messages(near) == messages(whole)
    assert near.status == (304 if headers and headers[0][1] == b"*" else 200)


async def test_the_measurements_are_the_chains_own() -> None:
    """Request and lookup are counted with the same words, once each."""
    (near, _), (whole, _) = await both()

    for told in ("begin", "looked_up"):
        assert near.told.of(told)[-1][:4] == whole.told.of(told)[-1][:4]
    assert near.told.of("end")[-1][:6] == whole.told.of("end")[-1][:6]
    assert near.told.of("end")[-1][5] == 1
    for told in ("begin", "end", "looked_up"):
        assert len(near.told.of(told)) == len(whole.told.of(told))


async def test_the_trace_has_the_chains_own_shape() -> None:
    """Server span and lookup span have the same names, attributes and places."""
    (near, _), (whole, _) = await both()

    assert shape(near.trace()) == shape(whole.trace())
    assert [span.name for span in near.trace().spans] == ["GET /notes", "cache get notes"]


async def test_a_slow_near_hit_is_kept() -> None:
    """The late decision holds for it as for every request."""
    chain = Chain(slow_s=-1.0)
    await chain.near_hit()

    assert chain.told.of("end")[-1][7] == chain.trace().trace_id


async def test_another_tenant_gets_its_own() -> None:
    """What is held for one tenant is at nobody else's hand."""
    chain = Chain()
    await chain.warm()
    await chain.warm("2")

    assert (await chain.ask("1")).sent[1]["body"] == b'{"tenant":1,"body":"v1"}'
    assert (await chain.ask("2")).sent[1]["body"] == b'{"tenant":2,"body":"v1"}'


@pytest.mark.parametrize("caller", ["", "nobody", "0"])
async def test_a_credential_that_proves_nothing_is_refused(caller: str) -> None:
    """The chain refuses it, whatever is at hand."""
    chain = Chain()
    await chain.warm()

    assert (await chain.ask(caller)).status == 401


async def test_a_write_ends_what_is_at_hand() -> None:
    """A write waits for the leases of all workers; from then on the answer is the new one."""
    chain = Chain()
    await chain.warm()
    chain.body = "v2"
    with bind(1) as tenant:
        writing = asyncio.ensure_future(chain.cache.refresh([CacheScope(tenant, "notes")]))
    await until(lambda: chain.clock.sleepers == 1)
    chain.clock.advance(LEASE_S)
    await writing

    assert b"v2" in (await chain.ask()).sent[1]["body"]


async def test_a_lease_that_ran_out_sends_the_caller_to_the_store() -> None:
    """Nobody is answered longer than the lease after the generations were last read."""
    chain = Chain()
    await chain.warm()
    before = chain.store.reads
    chain.clock.advance(LEASE_S)
    await chain.ask()

    assert chain.store.reads == before + 1


async def test_one_caller_renews_the_lease_for_all() -> None:
    """In its second half a single request asks the store; the others go on being answered."""
    chain = Chain()
    await chain.warm()
    before = chain.store.reads
    chain.clock.advance(LEASE_S * 0.6)
    for _ in range(5):
        await chain.ask()
    chain.clock.advance(LEASE_S * 0.45)
    for _ in range(5):
        await chain.ask()

    assert chain.store.reads == before + 1


async def test_the_switch_keeps_it_from_answering() -> None:
    """Once the cache is off, what is at hand is not served."""
    chain = Chain()
    await chain.warm()
    chain.body = "v2"
    chain.rollout.off()

    assert b"v2" in (await chain.ask()).sent[1]["body"]


async def test_a_validated_domain_asks_every_time() -> None:
    """Only domains that were given a lease are answered without the store."""
    chain = Chain(mode=NearMode.VALIDATED)
    await chain.warm()
    before = chain.store.reads
    await chain.ask()

    assert chain.store.reads == before + 1


@pytest.mark.parametrize("breaks_after", [0, 1])
async def test_a_client_that_left_is_no_failure(breaks_after: int) -> None:
    """A connection that breaks while the answer is sent ends as cancelled."""
    chain = Chain()
    await chain.near_hit(breaks_after=breaks_after)

    assert chain.told.of("end")[-1][3:5] == (None, Outcome.CANCELLED)


@pytest.mark.parametrize("near", [True, False])
async def test_a_key_maker_that_fails_is_measured(near: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What a service's own code raises is a failure of the request, counted once on either way."""

    def broken(*_: object) -> None:
        raise LookupError

    chain = Chain(near=near, key=broken)
    await chain.ask()

    assert [ended[2:5] for ended in chain.told.of("end")] == [(500, "LookupError", Outcome.SERVER_ERROR)]


async def test_another_tenants_key_is_refused() -> None:
    """A key maker that names another tenant fails the request; nothing of that tenant is served."""

    def stray(_tenant: object, path: Any, query: Any) -> CacheKey | None:
        return list_key(TenantId(2), path, query)

    chain = Chain(key=stray)
    client = await chain.ask("1")

    assert client.status == 500
    assert chain.told.of("end")[-1][3] == "CrossTenantAccess"


@pytest.mark.parametrize("mode", [NearMode.LEASED, NearMode.VALIDATED, NearMode.OFF])
async def test_what_was_found_out_on_the_way_is_not_asked_again(mode: NearMode) -> None:
    """A request that goes to the store was checked, admitted and planned once, on the near way."""
    made: list[object] = []

    def key(tenant: TenantId, path: Any, query: Any) -> CacheKey | None:
        made.append(tenant)
        return list_key(tenant, path, query)

    chain = Chain(mode=mode, key=key)
    await chain.warm()
    chain.clock.advance(LEASE_S)
    before = (chain.resolver.asked, chain.admission.asked, chain.store.reads)
    await chain.ask()

    assert (chain.resolver.asked, chain.admission.asked, chain.store.reads) == tuple(n + 1 for n in before)
    assert len(made) == 1


async def test_a_refused_credential_is_checked_once() -> None:
    """The chain refuses by what the near way found out."""
    chain = Chain()
    assert (await chain.ask("")).status == 401

    assert chain.resolver.asked == 1
