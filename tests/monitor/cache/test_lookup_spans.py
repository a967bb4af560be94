"""What a trace shows of a lookup."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.clock import SystemClock
from tests.monitor.cache.conftest import Bench, make_bench, page

pytestmark = pytest.mark.usefixtures("bound")


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Give a place for finished spans."""
    return InMemorySpanExporter()


def traced(memory: MemoryStore, spans: InMemorySpanExporter) -> tuple[Bench, TracerProvider]:
    """Return a cache whose spans are exported."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return make_bench(memory, SystemClock(), tracer=provider.get_tracer("test")), provider


async def test_each_lookup_is_one_span_and_loads_are_its_children(
    memory: MemoryStore, spans: InMemorySpanExporter
) -> None:
    """The span names domain, result and layer, and nothing of the key."""
    bench, provider = traced(memory, spans)
    tracer = provider.get_tracer("test")

    async def load() -> Loaded:
        with tracer.start_as_current_span("load"):
            return Loaded(b"v")

    await bench.cache.get_or_load(page(), load)
    await bench.cache.get_or_load(page(), load)

    loaded, missed, hit = spans.get_finished_spans()
    assert [span.name for span in (loaded, missed, hit)] == [
        "load",
        "cache get contacts",
        "cache get contacts",
    ]
    assert loaded.parent is not None
    assert missed.context is not None
    assert loaded.parent.span_id == missed.context.span_id
    assert dict(missed.attributes or {}) == {"cache.domain": "contacts", "cache.result": "miss"}
    assert dict(hit.attributes or {}) == {
        "cache.domain": "contacts",
        "cache.result": "hit",
        "cache.layer": "store",
    }


async def test_a_failed_lookup_marks_its_span_without_the_message(
    memory: MemoryStore, spans: InMemorySpanExporter
) -> None:
    """An exception's text may be personal, so the span has its class alone."""
    bench, _ = traced(memory, spans)
    bench.source.failure = ValueError("Jane Doe")
    with pytest.raises(ValueError, match="Jane"):
        await bench.cache.get_or_load(page(), bench.source.load)

    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "Jane" not in span.to_json()


async def test_no_span_is_made_under_a_parent_that_is_not_recorded(
    memory: MemoryStore, spans: InMemorySpanExporter
) -> None:
    """An unsampled request pays nothing for tracing its lookups."""
    bench, _ = traced(memory, spans)
    unsampled = TracerProvider(sampler=ALWAYS_OFF).get_tracer("test")
    with unsampled.start_as_current_span("request"):
        await bench.cache.get_or_load(page(), bench.source.load)

    assert spans.get_finished_spans() == ()
