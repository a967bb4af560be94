"""Every request is measured once and rightly, whichever way it ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from monitor.metrics.catalogue import Outcome
from monitor.middleware.performance import PerformanceMiddleware
from monitor.testing.fakes import ManualClock, RecordingObserver
from monitor.tracing.provider import Service, Tracing, build_tracing
from monitor.tracing.recent import Wanted
from tests.conditions import until
from tests.monitor.middleware.probe import Client, Failure, Probe

SUCCESS, CLIENT_ERROR, SERVER_ERROR, CANCELLED = (
    Outcome.SUCCESS,
    Outcome.CLIENT_ERROR,
    Outcome.SERVER_ERROR,
    Outcome.CANCELLED,
)


class Bench:
    """The probe behind the middleware, and all that it told."""

    def __init__(self, *, inside: bool = False, ratio: float = 0.0, app: ASGIApp | None = None) -> None:
        self.clock = ManualClock()
        self.recorder = RecordingObserver()
        self.held = asyncio.Event()
        self.tracing = tracing_of(self.clock, ratio)
        options: dict[str, Any] = {
            "recorder": self.recorder,
            "tracing": self.tracing.requests,
            "clock": self.clock,
        }
        probe = Probe(self.clock.advance, self.held)
        if inside:
            self.app: ASGIApp = probe.app([Middleware(PerformanceMiddleware, **options)])
        else:
            self.app = PerformanceMiddleware(app or probe.app(), **options)

    def ends(self) -> list[tuple[Any, ...]]:
        """Method, route, status, error type and outcome of each request, in order."""
        return [arguments[:5] for arguments in self.recorder.of("end")]

    def seconds(self) -> list[float]:
        return [round(arguments[6], 6) for arguments in self.recorder.of("end")]


def tracing_of(clock: ManualClock, ratio: float) -> Tracing:
    service = Service("probe", "1", "test")
    return build_tracing(service, clock=clock, observer=RecordingObserver(), ratio=ratio, slow_s=0.1)


@pytest.fixture(params=["outside", "inside"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """The middleware outside and inside Starlette's own error handling, which re-raises."""
    return Bench(inside=request.param == "inside")


@pytest.fixture(params=[0.0, 1.0], ids=["unsampled", "sampled"])
def either(request: pytest.FixtureRequest) -> Bench:
    """The same with traces sampled at the head and not."""
    return Bench(ratio=request.param)


COMPLETE = [
    ("GET", "/contacts/7", ("GET", "/contacts/{contact_id}", 200, None, SUCCESS)),
    ("HEAD", "/contacts/7", ("HEAD", "/contacts/{contact_id}", 200, None, SUCCESS)),
    ("POST", "/contacts/7", ("POST", "/contacts/{contact_id}", 405, None, CLIENT_ERROR)),
    ("OPTIONS", "/contacts/7", ("OPTIONS", "/contacts/{contact_id}", 405, None, CLIENT_ERROR)),
    ("BREW", "/contacts/7", ("_OTHER", "/contacts/{contact_id}", 405, None, CLIENT_ERROR)),
    ("GET", "/nowhere/7", ("GET", "__unmatched__", 404, None, CLIENT_ERROR)),
    # What h11, hypercorn and daphne make of a target that is a whole URL (findings/absolute-form-path.sh).
    ("GET", "http://clinic.example/contacts/7", ("GET", "__unmatched__", 404, None, CLIENT_ERROR)),
    ("GET", "/api/v2/acme/items/9", ("GET", "/api/v2/{org}/items/{item_id}", 200, None, SUCCESS)),
    ("GET", "/api/v2/acme/nothing", ("GET", "__unmatched__", 404, None, CLIENT_ERROR)),
    ("GET", "/broken", ("GET", "/broken", 500, "Failure", SERVER_ERROR)),
    ("GET", "/unavailable", ("GET", "/unavailable", 503, "HTTPException", SERVER_ERROR)),
    ("GET", "/failing-answer", ("GET", "/failing-answer", 500, "500", SERVER_ERROR)),
    ("GET", "/stream", ("GET", "/stream", 200, None, SUCCESS)),
    ("GET", "/stream-broken", ("GET", "/stream-broken", 200, "Failure", SERVER_ERROR)),
    ("GET", "/background-broken", ("GET", "/background-broken", 200, None, SUCCESS)),
]


@pytest.mark.parametrize(("method", "path", "expected"), COMPLETE)
async def test_an_ending_is_recorded_once_and_rightly(
    bench: Bench, method: str, path: str, expected: tuple[Any, ...]
) -> None:
    """Method, template, status, error type and outcome are those of the request, in every ending."""
    await Client(path, method).call(bench.app)

    assert bench.ends() == [expected]
    assert bench.recorder.of("begin") == [(expected[0],)]


@pytest.mark.parametrize(("method", "path", "expected"), COMPLETE)
async def test_sampling_changes_nothing_in_the_metrics(
    either: Bench, method: str, path: str, expected: tuple[Any, ...]
) -> None:
    """A request is measured alike whether the head samples it or not."""
    await Client(path, method).call(either.app)

    assert either.ends() == [expected]


async def test_an_exception_still_reaches_the_server(bench: Bench) -> None:
    """The middleware measures failures and hides none."""
    client = Client("/broken")

    with pytest.raises(Failure):
        await bench.app(client.scope(), client.receive, client.send)


async def test_the_duration_is_that_of_the_answer(bench: Bench) -> None:
    """A request lasts from the call to its last body message."""
    await Client("/contacts/7").call(bench.app)

    assert bench.seconds() == [0.020]


async def test_background_work_is_in_neither_duration_nor_in_flight(either: Bench) -> None:
    """The request has ended, and is no longer in flight, while its background task still runs."""
    running = asyncio.ensure_future(Client("/background").call(either.app))
    await until(lambda: bool(either.recorder.of("end")))

    assert not running.done()
    assert either.seconds() == [0.020]
    either.held.set()
    await running
    assert len(either.ends()) == 1


async def test_a_stream_lasts_to_its_last_part_and_has_a_first_byte(either: Bench) -> None:
    """An answer in parts is measured whole, and to its first part."""
    await Client("/stream").call(either.app)

    assert either.seconds() == [0.060]
    assert either.recorder.of("first_byte") == [("/stream", pytest.approx(0.010))]


async def test_a_stream_that_is_meant_to_last_is_measured_to_its_first_part(either: Bench) -> None:
    """An open stream of events is neither in flight nor slow, however long somebody listens."""
    running = asyncio.ensure_future(Client("/events").call(either.app))
    await until(lambda: bool(either.recorder.of("end")))

    assert not running.done()
    assert either.seconds() == [0.010]
    either.held.set()
    await running
    assert either.ends() == [("GET", "/events", 200, None, SUCCESS)]


async def test_an_answer_in_one_part_has_no_first_byte(bench: Bench) -> None:
    """Time to first byte is told only of answers in several parts."""
    await Client("/contacts/7").call(bench.app)

    assert bench.recorder.of("first_byte") == []


async def test_a_client_that_leaves_before_the_answer_is_cancelled(bench: Bench) -> None:
    """A body that never comes because the client left is no error of the service."""
    await Client("/body", "POST", leaves=True).call(bench.app)

    assert bench.ends() == [("POST", "/body", 499, None, CANCELLED)]


@pytest.mark.parametrize("version", ["2.3", "2.4"])
async def test_a_client_that_leaves_mid_stream_is_cancelled(either: Bench, version: str) -> None:
    """Both ways in which servers tell of a client that left end as cancelled."""
    breaks_after = 2 if version == "2.4" else None
    client = Client("/stream-held", spec_version=version, breaks_after=breaks_after)
    running = asyncio.ensure_future(client.call(either.app))
    await until(lambda: len(client.sent) == 2)
    if version == "2.4":
        either.held.set()
    client.gone.set()
    await running

    assert either.ends() == [("GET", "/stream-held", 200, None, CANCELLED)]


async def test_a_cancelled_request_is_counted(either: Bench) -> None:
    """A server that cancels the request's task still has it counted, with an outcome of its own."""
    running = asyncio.ensure_future(Client("/held").call(either.app))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert either.ends() == [("GET", "/held", 499, None, CANCELLED)]
    assert either.seconds() == [0.040]


async def test_a_client_that_leaves_after_the_answer_changes_nothing(bench: Bench) -> None:
    """What comes after the last body message is no part of the request."""
    client = Client("/contacts/7")
    await client.call(bench.app)
    client.gone.set()

    assert bench.ends() == [("GET", "/contacts/{contact_id}", 200, None, SUCCESS)]


async def _send_nothing(scope: Scope, receive: Receive, send: Send) -> None: ...


async def _send_half(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (_send_nothing, ("GET", "__unmatched__", 500, "no_answer", SERVER_ERROR)),
        (_send_half, ("GET", "__unmatched__", 200, "incomplete_answer", SERVER_ERROR)),
    ],
)
async def test_an_application_that_answers_half_has_failed(app: ASGIApp, expected: tuple[Any, ...]) -> None:
    """An answer that the application never completes is a failure of the service."""
    bench = Bench(app=app)

    await Client("/").call(bench.app)

    assert bench.ends() == [expected]


@pytest.mark.parametrize(
    "last",
    [
        [{"type": "http.response.pathsend", "path": "/dev/null"}],
        [
            {"type": "http.response.body", "body": b"all"},
            {"type": "http.response.trailers", "headers": [], "more_trailers": False},
        ],
    ],
    ids=["pathsend", "trailers"],
)
async def test_every_kind_of_last_message_ends_the_request(last: list[Message]) -> None:
    """A file sent by the server and trailers end an answer too, exactly once."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": len(last) > 1})
        for message in last:
            measured.clock.advance(1.0)
            await send(message)
        measured.clock.advance(100.0)

    measured = Bench(app=app)
    await Client("/").call(measured.app)

    assert measured.ends() == [("GET", "__unmatched__", 200, None, SUCCESS)]
    assert measured.seconds() == [float(len(last))]


def test_a_websocket_is_open_from_acceptance_to_its_end(either: Bench) -> None:
    """A connection counts as open under its full template, and is timed."""
    with TestClient(either.app).websocket_connect("/api/v2/acme/rooms/blue") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"

    route = "/api/v2/{org}/rooms/{room}"
    assert either.recorder.calls == [
        ("websocket_opened", (route,)),
        ("websocket_closed", (route, None, 2.0)),
    ]


@pytest.mark.parametrize(("path", "error_type"), [("/refused", None), ("/socket-broken", "Failure")])
def test_a_websocket_that_is_refused_or_fails_is_told_so(
    either: Bench, path: str, error_type: str | None
) -> None:
    """Refusals and failures close what they opened, failures with the exception's class."""
    client = TestClient(either.app, raise_server_exceptions=False)

    def talk() -> None:
        with client.websocket_connect(path) as socket:
            socket.receive_text()

    with pytest.raises((WebSocketDisconnect, Exception)):
        talk()

    assert either.recorder.of("websocket_opened") == [(path,)]
    assert [arguments[:2] for arguments in either.recorder.of("websocket_closed")] == [(path, error_type)]


def test_a_client_that_leaves_a_websocket_is_no_failure(either: Bench) -> None:
    """An uncaught disconnect is the client's doing, and goes no further to be reported as an error."""
    client = TestClient(either.app)
    with client.websocket_connect("/listen"):
        pass

    assert [arguments[:2] for arguments in either.recorder.of("websocket_closed")] == [("/listen", None)]


@pytest.mark.parametrize(
    ("answers", "status", "error_type"),
    [
        ([{"type": "websocket.close", "code": 1000}], 403, None),
        ([{"type": "websocket.http.response.start", "status": 401, "headers": []}], 401, None),
        ([{"type": "websocket.http.response.start", "status": 503, "headers": []}], 503, "503"),
        ([], 500, "no_answer"),
    ],
    ids=["closed", "denied", "unavailable", "silent"],
)
async def test_a_handshake_that_is_answered_otherwise_is_told_so(
    answers: list[Message], status: int, error_type: str | None
) -> None:
    """A connection that never opened has the status of its answer in its trace."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for answer in answers:
            await send(answer)

    bench = Bench(app=app)
    client = Client("/")
    await bench.app({**client.scope(), "type": "websocket"}, client.receive, client.send)

    assert bench.recorder.of("websocket_closed") == [("__unmatched__", error_type, 0.0)]
    (trace,) = bench.tracing.recent.find(Wanted(), 10)
    assert (trace.status, trace.error_type) == (status, error_type)


async def test_a_websocket_whose_client_broke_away_is_no_failure() -> None:
    """A send that finds nobody ends the connection by the client's doing, without a word to the server."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})

    bench = Bench(app=app)
    client = Client("/", breaks_after=1)
    await bench.app({**client.scope(), "type": "websocket"}, client.receive, client.send)

    assert bench.recorder.of("websocket_closed") == [("__unmatched__", None, 0.0)]


async def test_an_exemplar_names_only_traces_that_are_kept() -> None:
    """A fast request's trace is forgotten, so its id is not left in the metrics; a slow one's is."""
    bench = Bench()
    await Client("/contacts/7").call(bench.app)
    await Client("/broken").call(bench.app)

    fast, failed = (arguments[7] for arguments in bench.recorder.of("end"))
    kept = bench.tracing.recent.find(Wanted(outcome="failed"), 10)
    assert fast is None
    assert [trace.trace_id for trace in kept] == [failed]


@pytest.mark.parametrize(
    "path", ["/contacts/7", "/broken", "/stream", "/stream-broken", "/background-broken"]
)
async def test_metric_and_span_agree(either: Bench, path: str) -> None:
    """The server span has the duration of the metric: the same two readings of one clock."""
    await Client(path).call(either.app)

    (trace,) = either.tracing.recent.find(Wanted(), 10)
    server = next(span for span in trace.spans if span.kind == "server")
    assert server.duration_ms == pytest.approx(either.recorder.of("end")[0][6] * 1e3, abs=1e-6)


async def test_requests_at_once_do_not_mix(either: Bench) -> None:
    """Each of many concurrent requests is recorded under its own route and status."""
    paths = ["/contacts/1", "/nowhere", "/stream", "/api/v2/acme/items/1"] * 25
    either.held.set()
    await asyncio.gather(*(Client(path).call(either.app) for path in paths))

    routes = sorted(arguments[1] for arguments in either.ends())
    expected = ["/api/v2/{org}/items/{item_id}", "/contacts/{contact_id}", "/stream", "__unmatched__"]
    assert routes == sorted(expected * 25)


async def test_the_lifespan_passes_through() -> None:
    """Messages that are no requests are not measured."""
    bench = Bench()
    sent: list[Message] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await bench.app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert bench.recorder.calls == []


async def test_an_unsampled_request_leaves_no_cyclic_garbage() -> None:
    """What a request leaves is freed at once, so that measuring adds no work to the garbage collector."""
    bench = Bench()
    found = []
    gc.disable()
    try:
        for _ in range(3):
            gc.collect()
            for _ in range(500):
                await Client("/contacts/7").call(bench.app)
            found.append(gc.collect())
    finally:
        gc.enable()

    # What earlier tests left may come free in between, but only once; the surroundings leave a few each time.
    assert min(found) < 250
