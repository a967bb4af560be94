"""What is written out by hand is OTLP, as the protocol's own package reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanKind

from monitor.tracing.otlp import encode, encode_resource
from monitor.tracing.sdk_exporter import readable
from monitor.tracing.spans import ReadLink, ReadSpan, TracerScope
from tests.monitor.tracing.room import SERVICE

WHOLE = st.integers(1, 2**63 - 1)
TEXT = st.text(max_size=40)
VALUES = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)

LINKS = st.builds(
    ReadLink,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    flags=st.integers(0, 255),
    remote=st.booleans(),
)

spans = st.builds(
    ReadSpan,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    parent_id=st.none() | st.integers(1, 2**64 - 1),
    remote_parent=st.booleans(),
    flags=st.integers(0, 255),
    trace_state=st.sampled_from(["", "vendor=opaque"]),
    name=st.text(max_size=300),
    kind=st.sampled_from([kind.value for kind in SpanKind]),
    started=WHOLE,
    ended=WHOLE,
    failed=st.booleans(),
    attributes=st.dictionaries(st.text(min_size=1, max_size=30), VALUES, max_size=8),
    scope=st.builds(
        TracerScope,
        st.sampled_from(["monitor", "other"]),
        st.sampled_from(["", "1.2"]),
        st.sampled_from(["", "https://s"]),
    ),
    links=st.lists(LINKS, max_size=3).map(tuple),
)


def decoded(request: bytes) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    message.ParseFromString(request)
    return message


def by_id(message: ExportTraceServiceRequest) -> dict[bytes, Any]:
    """Every span with its scope, apart from the order they came in and from the trace flags."""
    found = {}
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                span.flags &= ~0xFF
                for link in span.links:
                    link.flags &= ~0xFF
                found[span.span_id] = (scope.scope, scope.schema_url, span)
    return found


@given(st.lists(spans, max_size=6, unique_by=lambda span: span.span_id))
def test_the_bytes_are_those_of_opentelemetrys_encoder(batch: list[ReadSpan]) -> None:
    """Decoded, every field of every span equals what the official encoder makes of the same spans."""
    resource = Resource(SERVICE.attributes())

    ours = decoded(encode(batch, encode_resource(SERVICE.attributes())))

    theirs = decoded(encode_spans([readable(span, resource) for span in batch]).SerializeToString())
    assert by_id(ours) == by_id(theirs)
    assert [one.resource for one in theirs.resource_spans] == [ours.resource_spans[0].resource] * bool(batch)


@given(spans)
def test_the_trace_flags_travel_as_the_protocol_says(span: ReadSpan) -> None:
    """The lower eight bits are W3C's flags; above them stands whether the parent was remote."""
    sent = decoded(encode([span], b"")).resource_spans[0].scope_spans[0].spans[0].flags

    assert sent & 0xFF == span.flags
    assert sent & 0x100
    assert bool(sent & 0x200) is (span.remote_parent and span.parent_id is not None)


@given(st.dictionaries(st.text(min_size=1, max_size=10), TEXT, min_size=1))
def test_a_resource_is_read_back(attributes: dict[str, str]) -> None:
    """The service's own words arrive as they were given."""
    service = replace(SERVICE, name=next(iter(attributes.values())))

    message = decoded(encode([], encode_resource(service.attributes())))

    read = {pair.key: pair.value.string_value for pair in message.resource_spans[0].resource.attributes}
    assert read == service.attributes()
