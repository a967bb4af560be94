"""Planned GETs are answered from the cache, as stored, and only to the tenant they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from httpx2 import ASGITransport, AsyncClient
from httpx2 import Response as Answer
from opentelemetry.trace import NoOpTracer
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_aside import TenantCache
from monitor.cache.keys import CacheKey, make_key
from monitor.cache.memory_store import MemoryStore
from monitor.cache.policy import CachePolicy
from monitor.cache.rollout import Rollout
from monitor.cache.sealing import AesGcmSealer
from monitor.errors import AuthenticationError, IncompleteAnswer
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.cached_route import CachedRoute
from monitor.middleware.interceptor import CacheInterceptor
from monitor.middleware.sign_in import SignIn
from monitor.middleware.tenant import TenantMiddleware
from monitor.scopes import CacheScope
from monitor.tenancy.context import current_tenant
from monitor.tenancy.identity import Identity, TenantId
from monitor.testing.fakes import ManualClock, RecordingObserver

Query = Sequence[tuple[str, str]]


class Tenants:
    """Takes the tenant's number for a credential."""

    def resolve(self, authorization: bytes) -> Identity:
        if not authorization:
            raise AuthenticationError("missing")
        return Identity(TenantId(authorization.decode()), "u-1", "staff")


def list_key(tenant: TenantId, path: Mapping[str, str], query: Query) -> CacheKey | None:
    page = dict(query).get("page", "1")
    return make_key(tenant, "notes", "list", f"page_{page}") if page.isdigit() else None


def note_key(tenant: TenantId, path: Mapping[str, str], query: Query) -> CacheKey | None:
    return make_key(tenant, "notes", "detail", path["note"], entity=path["note"])


@dataclass
class Service:
    """A tiny service whose answers and failures a test decides."""

    body: str = "v1"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    called: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    after: asyncio.Event | None = None
    failure: Exception | None = None
    observer: RecordingObserver = field(default_factory=RecordingObserver)

    def __post_init__(self) -> None:
        self.clock = clock = ManualClock()
        self.cache = TenantCache(
            store=MemoryStore(clock),
            policies={"notes": CachePolicy("notes", ttl_s=60, jitter=0)},
            observer=self.observer,
            tracer=NoOpTracer(),
            clock=clock,
            admission=AlwaysAdmitted(),
            sealer=AesGcmSealer([bytes(32)]),
            near=None,
            rollout=Rollout(self.observer),
        )
        routes = [CachedRoute("/notes", list_key), CachedRoute("/notes/{note:int}", note_key)]
        self.app = Starlette(
            routes=[
                Route("/notes", self.answer, methods=["GET", "POST"]),
                Route("/notes/{note:int}", self.answer),
                Route("/other", self.answer),
            ],
            middleware=[
                Middleware(TenantMiddleware, sign_in=SignIn(Tenants()), public={"/notes"}),
                Middleware(CacheInterceptor, cache=self.cache, plans=CachePlans(routes), clock=clock),
            ],
        )

    async def answer(self, _request: Request) -> Response:
        self.calls += 1
        self.called.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        tenant = int(current_tenant())
        after = self.after
        background = BackgroundTask(after.wait) if after is not None else None
        body = {"tenant": tenant, "body": self.body}
        return JSONResponse(body, self.status, self.headers, background=background)

    def client(self, tenant: int | None = 1) -> AsyncClient:
        headers = {} if tenant is None else {"authorization": str(tenant)}
        return AsyncClient(transport=ASGITransport(self.app), base_url="http://clinic", headers=headers)

    async def get(self, path: str = "/notes", tenant: int = 1, **headers: str) -> Answer:
        async with self.client(tenant) as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get(path, headers=named)


async def test_a_second_request_is_answered_with_the_stored_bytes() -> None:
    """A hit has the body, type and tag of the first answer, and the handler is not called."""
    service = Service()
    first = await service.get()
    service.body = "v2"
    second = await service.get()

    assert second.content == first.content
    assert second.headers["content-type"] == "application/json"
    assert second.headers["etag"] == first.headers["etag"]
    assert service.calls == 1


async def test_cache_status_says_what_happened() -> None:
    """`Cache-Status` (RFC 9211) tells a stored miss from a hit with its time to live, without a key."""
    service = Service()

    assert (await service.get()).headers["cache-status"] == "monitor; fwd=miss; stored"
    assert (await service.get()).headers["cache-status"] == "monitor; hit; ttl=60"


async def test_each_tenant_has_its_own_answers() -> None:
    """The same path under another tenant is another entry and another tag."""
    service = Service()
    ours, theirs = await service.get(tenant=1), await service.get(tenant=2)

    assert ours.json()["tenant"] == 1
    assert theirs.json()["tenant"] == 2
    assert ours.headers["etag"] != theirs.headers["etag"]


async def test_a_tag_of_another_tenant_is_never_a_304() -> None:
    """A stolen tag gets the thief its own content, and a stranger nothing."""
    service = Service()
    tag = (await service.get(tenant=1)).headers["etag"]
    thief = await service.get(tenant=2, if_none_match=tag)

    assert thief.status_code == 200
    assert thief.json()["tenant"] == 2


async def test_an_unchanged_answer_is_a_304_without_a_body() -> None:
    """The client's own tag saves the body; the answer still carries tag and caching headers."""
    service = Service()
    tag = (await service.get()).headers["etag"]
    again = await service.get(if_none_match=f'W/{tag}, "else"')

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == "private, no-cache"
    assert again.headers["vary"] == "authorization"


async def test_without_a_tenant_the_cache_is_not_asked() -> None:
    """A request that nobody signed goes on, and fails closed at the first tenant data."""
    service = Service()
    async with service.client(None) as client:
        with pytest.raises(Exception, match="no tenant is bound"):
            await client.get("/notes")

    assert service.observer.of("looked_up") == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/other"), ("GET", "/notes?page=x"), ("POST", "/notes"), ("GET", "/nowhere")]
)
async def test_what_has_no_plan_passes_untouched(method: str, path: str) -> None:
    """Other routes, refused parameters, unsafe methods and unknown paths never meet the cache."""
    service = Service()
    async with service.client() as client:
        answer = await client.request(method, path)

    assert "cache-status" not in answer.headers
    assert service.observer.of("looked_up") == []


async def test_head_is_answered_from_the_same_entry() -> None:
    """HEAD has the headers of GET and no body, and fills the cache for it."""
    service = Service()
    async with service.client() as client:
        head = await client.head("/notes")
    body = await service.get()

    assert head.content == b""
    assert head.headers["content-length"] == str(len(body.content))
    assert service.calls == 1


@pytest.mark.parametrize("status", [201, 404, 422, 500, 503])
async def test_only_a_200_is_stored(status: int) -> None:
    """Every other answer is passed on as it is, every time."""
    service = Service(status=status, headers={"retry-after": "7"})
    first, second = await service.get(), await service.get()

    assert first.status_code == second.status_code == status
    assert second.headers["retry-after"] == "7"
    assert "etag" not in second.headers
    assert service.calls == 2


@pytest.mark.parametrize("headers", [{"set-cookie": "a=b"}, {"cache-control": "no-store"}])
async def test_an_answer_for_one_request_alone_is_not_stored(headers: dict[str, str]) -> None:
    """A cookie or `no-store` keeps an answer out of the cache."""
    service = Service(headers=headers)
    await service.get()
    second = await service.get()

    assert service.calls == 2
    assert headers.items() <= dict(second.headers).items()


async def test_a_tag_of_the_handler_is_kept() -> None:
    """Where the service names the version itself, `If-Match` must see that tag."""
    service = Service(headers={"etag": '"version-3"'})
    await service.get("/notes/7")

    assert (await service.get("/notes/7")).headers["etag"] == '"version-3"'
    assert (await service.get("/notes/7", if_none_match='"version-3"')).status_code == 304


async def test_an_invalidation_ends_the_entry_and_no_other_tenants() -> None:
    """After fresh generations the handler is asked again, for that tenant alone."""
    service = Service()
    await service.get(tenant=1)
    await service.get(tenant=2)
    service.body = "v2"
    await service.cache.refresh([CacheScope(TenantId(1), "notes", "7")])

    assert (await service.get(tenant=1)).json()["body"] == "v2"
    assert (await service.get(tenant=2)).json()["body"] == "v1"


async def test_concurrent_requests_share_one_load() -> None:
    """Fifty callers of a cold key are one call of the handler."""
    service = Service(gate=asyncio.Event())
    requests = [asyncio.ensure_future(service.get()) for _ in range(50)]
    await service.called.wait()
    service.gate.set()  # type: ignore[union-attr]
    answers = await asyncio.gather(*requests)

    assert {answer.content for answer in answers} == {answers[0].content}
    assert service.calls == 1


async def test_a_caller_that_leaves_harms_nobody() -> None:
    """The first caller's cancellation ends neither the load nor the others' wait."""
    service = Service(gate=asyncio.Event())
    first = asyncio.ensure_future(service.get())
    await service.called.wait()
    others = [asyncio.ensure_future(service.get()) for _ in range(5)]
    first.cancel()
    await asyncio.wait([first])
    service.gate.set()  # type: ignore[union-attr]

    assert {answer.status_code for answer in await asyncio.gather(*others)} == {200}
    assert service.calls == 1


async def test_background_work_does_not_hold_up_the_answer() -> None:
    """The answer is sent and stored when its body is complete, not when its background task ends."""
    service = Service(after=asyncio.Event())
    answer = await asyncio.wait_for(service.get(), 5)

    assert answer.status_code == 200
    service.after.set()  # type: ignore[union-attr]


async def test_a_failing_handler_fails_the_request_and_not_the_cache() -> None:
    """The handler's own exception comes out, and the next request loads again."""
    service = Service(failure=KeyError("broken"))
    with pytest.raises(KeyError):
        await service.get()
    service.failure = None

    assert (await service.get()).status_code == 200


async def test_an_answer_that_never_ends_is_an_error() -> None:
    """An application that returns without its last byte is not waited for."""
    service = Service()

    async def silent(scope: object, receive: object, send: object) -> None:
        return

    interceptor = CacheInterceptor(
        silent, service.cache, CachePlans([CachedRoute("/notes", list_key)]), clock=service.clock
    )
    app = TenantMiddleware(interceptor, sign_in=SignIn(Tenants()))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://clinic") as client:
        with pytest.raises(IncompleteAnswer):
            await client.get("/notes", headers={"authorization": "1"})


async def test_behind_a_root_path_routes_are_still_found() -> None:
    """A service mounted below a prefix caches by its own templates."""
    service = Service()
    outer = Starlette(routes=[Mount("/clinic", app=service.app)])
    async with AsyncClient(transport=ASGITransport(outer), base_url="http://clinic") as client:
        await client.get("/clinic/notes", headers={"authorization": "1"})
        second = await client.get("/clinic/notes", headers={"authorization": "1"})

    assert second.headers["cache-status"].startswith("monitor; hit")


async def test_a_plain_text_answer_keeps_its_type() -> None:
    """The content's type and language travel with the stored bytes."""

    async def app(scope: object, receive: object, send: object) -> None:
        answer = PlainTextResponse("Guten Tag", headers={"content-language": "de", "x-request-id": "1"})
        await answer(scope, receive, send)  # type: ignore[arg-type]

    service = Service()
    interceptor = CacheInterceptor(
        app, service.cache, CachePlans([CachedRoute("/notes", list_key)]), clock=service.clock
    )
    tenants = TenantMiddleware(interceptor, sign_in=SignIn(Tenants()))
    async with AsyncClient(transport=ASGITransport(tenants), base_url="http://clinic") as client:
        await client.get("/notes", headers={"authorization": "1"})
        hit = await client.get("/notes", headers={"authorization": "1"})

    assert hit.headers["content-type"] == "text/plain; charset=utf-8"
    assert hit.headers["content-language"] == "de"
    assert "x-request-id" not in hit.headers
