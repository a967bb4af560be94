"""The words of spans: attribute names, which of them may leave the process, and span names.

Names follow OpenTelemetry's stable HTTP and database conventions; the cache and the tenant
have none yet. What is not listed here is never exported, so that no patient's data, raw path
or cache key can leave with a span, whichever library set the attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from monitor.failures import report
from monitor.tracing.request_trace import Ending

AttributeValue = str | bool | int | float
Attributes = Mapping[str, AttributeValue]

HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"
URL_SCHEME: Final = "url.scheme"
PROTOCOL_VERSION: Final = "network.protocol.version"
ERROR_TYPE: Final = "error.type"
# The convention's name, with classes and frames only: a message may quote a row.
STACKTRACE: Final = "exception.stacktrace"
TENANT: Final = "tenant.id"
CACHE_RESULT: Final = "cache.result"

ALLOWED: Final = frozenset(
    {
        HTTP_METHOD,
        HTTP_ROUTE,
        HTTP_STATUS,
        URL_SCHEME,
        PROTOCOL_VERSION,
        ERROR_TYPE,
        STACKTRACE,
        TENANT,
        CACHE_RESULT,
        "cache.domain",
        "cache.layer",
        "cache.operation",
        "db.collection.name",
        "db.operation.name",
        "db.query.summary",
        "db.response.status_code",
        "db.system.name",
    }
)
_LONGEST = 256
_LONGEST_STACK = 8_192


def allowed(attributes: Mapping[str, object], names: frozenset[str] = ALLOWED) -> dict[str, AttributeValue]:
    """Return the attributes that may be exported: listed, of a plain type, and not overlong."""
    kept: dict[str, AttributeValue] = {}
    for name, value in attributes.items():
        if name in names and isinstance(value, str | bool | int | float):
            longest = _LONGEST_STACK if name == STACKTRACE else _LONGEST
            kept[name] = value[:longest] if isinstance(value, str) else value
    return kept


def server_span_name(method: str, route: str | None) -> str:
    """Return `GET /contacts/{id}`; without a route only the method, never the path.

    Args:
        method: A known method or `_OTHER`, which the convention spells `HTTP` in names.
        route: The full template; None where nothing matched.
    """
    verb = "HTTP" if method == "_OTHER" else method
    return verb if route is None else f"{verb} {route}"


class TracerScope(NamedTuple):
    """An instrumentation scope: which library began a span."""

    name: str
    version: str = ""
    schema_url: str = ""


KIT: Final = TracerScope("monitor")


class ReadLink(NamedTuple):
    """A span that another one is linked to.

    Attributes:
        trace_id: Its trace's id.
        span_id: Its own.
        flags: W3C trace flags.
        remote: Whether it ran in another process.
    """

    trace_id: int
    span_id: int
    flags: int
    remote: bool


class ReadSpan(NamedTuple):
    """A finished span in plain values, as it may leave the process.

    Attributes:
        trace_id: The trace's id.
        span_id: The span's own.
        parent_id: The parent's; None for a root.
        remote_parent: Whether the parent ran in another process.
        flags: W3C trace flags.
        trace_state: W3C trace state, as its header.
        name: The span's name.
        kind: The number of OpenTelemetry's `SpanKind`.
        started: Nanoseconds since the epoch.
        ended: The same.
        failed: Whether the status is an error.
        attributes: Allowed attributes only.
        scope: Which library began it.
        links: The spans it is linked to.
    """

    trace_id: int
    span_id: int
    parent_id: int | None
    remote_parent: bool
    flags: int
    trace_state: str
    name: str
    kind: int
    started: int
    ended: int
    failed: bool
    attributes: Attributes
    scope: TracerScope
    links: tuple[ReadLink, ...] = ()


class Facts(NamedTuple):
    """What is known of an ended request; the server span's name and attributes are made of it.

    Attributes:
        method: A known method or `_OTHER`.
        route: The full template; None where nothing matched.
        status: The status that was sent.
        error_type: What failed; None unless the service failed.
        report: Classes and frames of the exception behind it.
        tenant: The authenticated tenant.
        cache: The outcome of the cache lookup, if there was one.
        scheme: `http`, `https`, `ws` or `wss`.
        version: HTTP's, such as `1.1`.
        seconds: Duration.
    """

    method: str
    route: str | None
    status: int
    error_type: str | None
    tenant: int | None
    cache: str | None
    scheme: str
    version: str
    seconds: float
    report: str | None = None

    @classmethod
    def of(cls, ending: Ending) -> Facts:
        scope, failure = ending.scope, ending.failure
        # tuple.__new__: every request comes by here, and the generated constructor costs twice as much.
        return tuple.__new__(
            cls,
            (
                ending.method,
                ending.route,
                ending.status,
                ending.error_type,
                ending.tenant,
                ending.cache,
                scope.get("scheme", "http"),
                scope.get("http_version", "1.1"),
                ending.ended - ending.started,
                None if failure is None else report(failure),
            ),
        )

    @property
    def span_name(self) -> str:
        return server_span_name(self.method, self.route)

    def attributes(self) -> dict[str, AttributeValue]:
        """Return the server span's attributes; those without a value are left out."""
        named: dict[str, AttributeValue | None] = {
            HTTP_METHOD: self.method,
            HTTP_ROUTE: self.route,
            HTTP_STATUS: self.status,
            URL_SCHEME: self.scheme,
            PROTOCOL_VERSION: self.version,
            ERROR_TYPE: self.error_type,
            STACKTRACE: self.report,
            TENANT: None if self.tenant is None else int(self.tenant),
            CACHE_RESULT: None if self.cache is None else str(self.cache),
        }
        return {name: value for name, value in named.items() if value is not None}
