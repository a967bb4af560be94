"""Spans as OTLP: the protobuf message of OpenTelemetry's protocol, written out by hand.

The message has few fields and spans repeat most of their attributes, so writing the bytes
costs a tenth of filling protobuf's own objects. The field numbers are those of
`opentelemetry/proto/trace/v1/trace.proto` (OTLP 1.x); a test decodes what is written here
with the protocol's official package.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache

from monitor.tracing.spans import AttributeValue, ReadLink, ReadSpan, TracerScope

_TIMES = struct.Struct("<BQBQ").pack
_DOUBLE = struct.Struct("<Bd").pack
_FLAGS = struct.Struct("<I").pack
_START, _END, _DOUBLE_VALUE = 0x39, 0x41, 0x21
_FAILED, _UNSET = b"\x7a\x02\x18\x02", b"\x7a\x00"  # status { code: ERROR }, status {}
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200
_BYTE = 0x80


def encode(spans: Sequence[ReadSpan], resource: bytes) -> bytes:
    """Return an `ExportTraceServiceRequest`.

    Args:
        spans: Spans of one resource.
        resource: The resource, as `encode_resource` returned it.
    """
    by_scope: dict[TracerScope, list[bytes]] = {}
    for span in spans:
        by_scope.setdefault(span.scope, []).append(_field(b"\x12", _span(span)))
    scopes = [_field(b"\x12", _scope(scope) + b"".join(its)) for scope, its in by_scope.items()]
    return _field(b"\x0a", resource + b"".join(scopes))


def encode_resource(attributes: Mapping[str, AttributeValue]) -> bytes:
    """Return the `resource` field of `ResourceSpans`."""
    return _field(b"\x0a", b"".join(_field(b"\x0a", _attribute(*pair)) for pair in attributes.items()))


def _span(span: ReadSpan) -> bytes:
    parts = [
        b"\x0a\x10",
        span.trace_id.to_bytes(16, "big"),
        b"\x12\x08",
        span.span_id.to_bytes(8, "big"),
        _name(span.name),
        b"\x30",
        bytes((span.kind + 1,)),  # OTLP numbers kinds from one, the API from nought
        _TIMES(_START, span.started, _END, span.ended),
    ]
    flags = span.flags | _HAS_IS_REMOTE
    if span.parent_id is not None:
        parts += (b"\x22\x08", span.parent_id.to_bytes(8, "big"))
        if span.remote_parent:
            flags |= _IS_REMOTE
    if span.trace_state:
        parts.append(_text(b"\x1a", span.trace_state))
    parts += [_tagged_attribute(name, value) for name, value in span.attributes.items()]
    parts += [_link(link) for link in span.links]
    parts += (_FAILED if span.failed else _UNSET, b"\x85\x01", _FLAGS(flags))
    return b"".join(parts)


def _link(link: ReadLink) -> bytes:
    ids = b"\x0a\x10" + link.trace_id.to_bytes(16, "big") + b"\x12\x08" + link.span_id.to_bytes(8, "big")
    flags = link.flags | _HAS_IS_REMOTE | (_IS_REMOTE if link.remote else 0)
    return _field(b"\x6a", ids + b"\x35" + _FLAGS(flags))


@lru_cache(256)
def _scope(scope: TracerScope) -> bytes:
    fields = _text(b"\x0a", scope.name) + (_text(b"\x12", scope.version) if scope.version else b"")
    return _field(b"\x0a", fields) + (_text(b"\x1a", scope.schema_url) if scope.schema_url else b"")


@lru_cache(1024)
def _name(name: str) -> bytes:
    return _text(b"\x2a", name)


@lru_cache(4096, typed=True)
def _tagged_attribute(name: str, value: AttributeValue) -> bytes:
    return _field(b"\x4a", _attribute(name, value))


def _attribute(name: str, value: AttributeValue) -> bytes:
    return _text(b"\x0a", name) + _field(b"\x12", _value(value))


def _value(value: AttributeValue) -> bytes:
    if isinstance(value, str):
        return _text(b"\x0a", value)
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    return _DOUBLE(_DOUBLE_VALUE, value)


def _text(tag: bytes, text: str) -> bytes:
    return _field(tag, text.encode("utf-8", "replace"))


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    if number < _BYTE:
        return bytes((number,))
    written = bytearray()
    while number >= _BYTE:
        written.append(number & 0x7F | _BYTE)
        number >>= 7
    written.append(number)
    return bytes(written)
