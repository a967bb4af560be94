"""Spans reach a real receiver, and a receiver that is ill costs spans, never a request."""

from __future__ import annotations

import asyncio
import threading
import time
from email.utils import formatdate

import pytest
from structlog.testing import capture_logs

from monitor.testing.fakes import ManualClock, RecordingObserver
from monitor.tracing.otlp_http import OtlpSender
from monitor.tracing.provider import Tracing, build_tracing
from monitor.tracing.trace_observer import SpanLoss
from tests.monitor.tracing.receiver import OtlpReceiver, attributes
from tests.monitor.tracing.room import SERVICE, Ended


class Service:
    """A service that exports to an address, each request slow enough to be kept."""

    def __init__(self, endpoint: str) -> None:
        self.clock = ManualClock()
        self.observer = RecordingObserver()
        self.tracing: Tracing = build_tracing(
            SERVICE, clock=self.clock, observer=self.observer, ratio=0.0, slow_s=0.0, endpoint=endpoint
        )

    def serve(self, requests: int = 1) -> None:
        for _ in range(requests):
            started = self.clock.monotonic()
            trace = self.tracing.requests.begin({}, started)
            self.clock.advance(0.05)
            trace.finish(Ended(trace, started, self.clock.monotonic()))

    def lost(self, reason: SpanLoss) -> int:
        return sum(spans for told, spans in self.observer.of("lost") if told is reason)

    @property
    def exported(self) -> int:
        return sum(spans for (spans,) in self.observer.of("exported"))


def test_spans_arrive_with_their_resource(receiver: OtlpReceiver) -> None:
    """A kept request's span is posted as gzipped protobuf and read back with all it holds."""
    service = Service(receiver.endpoint)

    service.serve(3)

    assert service.tracing.flush(10)
    path, headers = receiver.requests[0]
    assert (path, headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    span = receiver.spans[0]
    assert (span.name, span.kind, len(span.trace_id)) == ("GET /contacts/{contact_id}", 2, 16)
    assert attributes(span)["tenant.id"] == 7
    assert span.end_time_unix_nano - span.start_time_unix_nano == 50_000_000
    resource = receiver.messages[0].resource_spans[0].resource
    assert {pair.key: pair.value.string_value for pair in resource.attributes} == SERVICE.attributes()
    assert (len(receiver.spans), service.exported) == (3, 3)


def test_a_receiver_that_is_busy_for_a_moment_loses_nothing(receiver: OtlpReceiver) -> None:
    """Answers that the protocol calls retryable are tried again."""
    receiver.statuses = [503, 429]
    sender = OtlpSender(receiver.endpoint, clock=ManualClock(), first_wait_s=0.001)

    assert sender.send(b"").accepted
    assert len(receiver.requests) == 3


@pytest.mark.parametrize("status", [400, 404, 500, 301])
def test_a_receiver_that_refuses_is_not_asked_again(receiver: OtlpReceiver, status: int) -> None:
    """What will not help is not repeated; the spans are counted as lost and the next batch is tried."""
    receiver.statuses = [status]
    service = Service(receiver.endpoint)

    service.serve(2)
    assert service.tracing.flush(10)
    service.serve(3)
    assert service.tracing.flush(10)

    assert service.lost(SpanLoss.EXPORT_FAILED) == 2
    assert (service.exported, len(receiver.spans)) == (3, 3)


def test_a_receiver_that_stays_away_costs_tries_and_then_the_batch() -> None:
    """Nobody listens: a few tries, and the batch is given up."""
    sender = OtlpSender("http://127.0.0.1:9", clock=ManualClock(), tries=3, first_wait_s=0.001, timeout_s=1.0)

    delivery = sender.send(b"spans")

    assert (delivery.accepted, delivery.reason) == (False, "NewConnectionError")


def test_a_hung_receiver_fills_a_bounded_queue_and_delays_nobody(receiver: OtlpReceiver) -> None:
    """While it hangs, requests go on at their pace; what the queue cannot hold is lost and counted."""
    receiver.hold.clear()
    service = Service(receiver.endpoint)
    service.serve(600)
    receiver.await_requests(1)

    began = time.thread_time()
    service.serve(10_000)
    each = (time.thread_time() - began) / 10_000

    assert each < 0.001
    full = service.lost(SpanLoss.QUEUE_FULL)
    assert 600 + 10_000 - 8_192 - 512 <= full <= 600 + 10_000 - 8_192
    assert not service.tracing.flush(0.01)


async def test_closing_does_not_wait_for_a_hung_receiver(receiver: OtlpReceiver) -> None:
    """A shutdown gives the receiver its time and no more, and the event loop goes on meanwhile."""
    receiver.hold.clear()
    service = Service(receiver.endpoint)
    service.serve()

    closing = asyncio.ensure_future(service.tracing.aclose(0.05))
    await asyncio.sleep(0)
    assert not closing.done()
    await asyncio.wait_for(closing, 5)

    service.serve()
    assert service.lost(SpanLoss.QUEUE_FULL) == 1


def test_closing_ends_the_wait_between_two_tries(receiver: OtlpReceiver) -> None:
    """A sender that is asked to stop while it waits for its next try stops at once."""
    receiver.statuses = [503] * 9
    sender = OtlpSender(receiver.endpoint, clock=ManualClock(), first_wait_s=3_600, deadline_s=1e6)
    results: list[bool] = []
    sending = threading.Thread(target=lambda: results.append(sender.send(b"spans").accepted))
    sending.start()
    receiver.await_requests(1)

    sender.close()
    sending.join(10)

    assert results == [False]


def test_without_a_receiver_spans_are_only_kept_in_memory() -> None:
    """With no endpoint nothing is queued, sent or lost."""
    observer = RecordingObserver()
    tracing = build_tracing(SERVICE, clock=ManualClock(), observer=observer, ratio=1.0, slow_s=0.0)
    trace = tracing.requests.begin({}, 1_000.0)

    trace.finish(Ended(trace, 1_000.0, 1_001.0))

    assert tracing.flush(0)
    assert {name for name, _ in observer.calls} == {"decided"}


def test_spans_that_a_receiver_refuses_within_a_batch_are_lost(receiver: OtlpReceiver) -> None:
    """A partial success counts what was refused as lost and the rest as exported."""
    receiver.rejected = 2
    service = Service(receiver.endpoint)

    service.serve(5)

    assert service.tracing.flush(10)
    assert (service.exported, service.lost(SpanLoss.EXPORT_FAILED)) == (3, 2)


def test_the_wait_a_receiver_asks_for_is_kept(receiver: OtlpReceiver) -> None:
    """`Retry-After` takes the place of the growing pause, as seconds or as a date."""
    clock = ManualClock()
    receiver.statuses, receiver.retry_after = [503, 503], ["0", formatdate(clock.time() - 5, usegmt=True)]
    sender = OtlpSender(receiver.endpoint, clock=clock, first_wait_s=3_600, deadline_s=1e6)

    assert sender.send(b"").accepted


@pytest.mark.parametrize("asked", ["3600", "date"])
def test_a_wait_beyond_the_deadline_is_not_begun(receiver: OtlpReceiver, asked: str) -> None:
    """A receiver that wants to be left alone for longer than a batch may take loses the batch at once."""
    clock = ManualClock()
    wanted = formatdate(clock.time() + 3_600, usegmt=True) if asked == "date" else asked
    receiver.statuses, receiver.retry_after = [429], [wanted]
    sender = OtlpSender(receiver.endpoint, clock=clock, first_wait_s=0.001)

    delivery = sender.send(b"")

    assert (delivery.accepted, delivery.reason, len(receiver.requests)) == (False, "429", 1)


def test_nobody_waits_after_the_last_try(receiver: OtlpReceiver) -> None:
    """Once no try is left the batch is given up at once, whatever wait the receiver asks for."""
    receiver.statuses, receiver.retry_after = [503], ["3600"]
    sender = OtlpSender(receiver.endpoint, clock=ManualClock(), tries=1, deadline_s=1e6)

    assert not sender.send(b"").accepted
    assert len(receiver.requests) == 1


def test_a_receiver_slower_than_the_timeout_gets_a_batch_once(receiver: OtlpReceiver) -> None:
    """What was sent and not answered in time is not sent again: the receiver may be at work on it."""
    receiver.hold.clear()
    sender = OtlpSender(receiver.endpoint, clock=ManualClock(), timeout_s=0.05, first_wait_s=0.001)

    delivery = sender.send(b"")

    assert (delivery.reason, len(receiver.requests)) == ("ReadTimeoutError", 1)


def test_a_redirect_is_refused(receiver: OtlpReceiver) -> None:
    """A batch goes where it was configured to go, whatever place an answer names."""
    receiver.statuses, receiver.location = [307], receiver.endpoint + "/elsewhere"
    sender = OtlpSender(receiver.endpoint, clock=ManualClock(), first_wait_s=0.001)

    delivery = sender.send(b"")

    assert (delivery.accepted, delivery.reason) == (False, "307")
    assert [path for path, _ in receiver.requests] == ["/v1/traces"]


def test_lost_spans_are_one_line_a_minute(receiver: OtlpReceiver) -> None:
    """The first failure is told with its reason; the next minute's are told together, in one line."""
    receiver.statuses = [400, 400, 500]
    service = Service(receiver.endpoint)

    with capture_logs() as lines:
        for pause_s in (0.0, 61.0, 0.0):
            service.serve(2)
            assert service.tracing.flush(10)
            service.clock.advance(pause_s)

    told = [(line["event"], line["reason"], line["count"]) for line in lines]
    assert told == [("spans_not_exported", "400", 2), ("spans_not_exported", "500", 4)]
