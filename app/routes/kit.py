"""The kit's endpoints, as the API's description shows them; the kit itself serves them."""

from __future__ import annotations

from app.naming import NAMING
from app.problems import Conflict, Invalid, MalformedBody, NotFound, Unavailable
from app.routes.access import OPERATORS, SIGNED_IN
from app.routes.table import Operation, Resource
from app.schemas.operations import Alive, TraceQuery, Traces
from monitor.operations.cache_switch_endpoint import Position, Switches
from monitor.operations.cache_warming_endpoint import WarmOrder, WarmProgress
from monitor.operations.health import HealthBody
from monitor.operations.json_body import JsonBody
from monitor.operations.summary import SummaryBody

_TAG = "Operations"
_SWITCHES, _POSITION = JsonBody(Switches, NAMING).type, JsonBody(Position, NAMING).type
_WARM_ORDER, _WARM_PROGRESS = JsonBody(WarmOrder, NAMING).type, JsonBody(WarmProgress, NAMING).type


def _probe(path: str, name: str, summary: str, answer: type) -> Resource:
    operation = Operation(
        "GET",
        None,
        name=name,
        summary=summary,
        answer=answer,
        public=True,
        problems=(Unavailable,),
    )
    return Resource(path, _TAG, (operation,))


RESOURCES = (
    _probe("/api/health", "read_health", "Say how the service is; an operator is told more", HealthBody),
    _probe("/api/health/live", "read_liveness", "Say whether the worker lives", Alive),
    _probe("/api/health/ready", "read_readiness", "Say whether the worker can serve", Alive),
    Resource(
        "/api/metrics",
        _TAG,
        (
            Operation(
                "GET",
                None,
                name="read_metrics",
                summary="Read response times, hit rates and error rates: of the own clinic, or of all",
                answer=JsonBody(SummaryBody, NAMING).type,
                roles=SIGNED_IN,
            ),
        ),
    ),
    Resource(
        "/metrics",
        _TAG,
        (
            Operation(
                "GET",
                None,
                name="read_exposition",
                summary="Read every metric as Prometheus scrapes it",
                answer=str,
                media_type="text/plain",
                public=True,
            ),
        ),
    ),
    Resource(
        "/api/traces",
        _TAG,
        (
            Operation(
                "GET",
                None,
                name="read_traces",
                summary="Read recent traces, as an operator",
                query=TraceQuery,
                answer=JsonBody(Traces, NAMING).type,
                problems=(Invalid,),
                roles=OPERATORS,
            ),
        ),
    ),
    Resource(
        "/api/cache/switch",
        _TAG,
        (
            Operation(
                "GET",
                None,
                name="read_cache_switch",
                summary="Read what of the cache is off or on for a share, as an operator",
                answer=_SWITCHES,
                roles=OPERATORS,
            ),
            Operation(
                "PUT",
                None,
                name="move_cache_switch",
                summary="Switch the cache off, on, or on by share, for all or a part, as an operator",
                body=_POSITION,
                answer=_SWITCHES,
                problems=(MalformedBody,),
                roles=OPERATORS,
            ),
        ),
    ),
    Resource(
        "/api/cache/warm",
        _TAG,
        (
            Operation(
                "GET",
                None,
                name="read_cache_warming",
                summary="Read how far this worker's warming of the cache is, as an operator",
                answer=_WARM_PROGRESS,
                roles=OPERATORS,
            ),
            Operation(
                "POST",
                None,
                name="warm_cache",
                summary="Ask for what one clinic or all ask for first, so that it is cached, as an operator",
                body=_WARM_ORDER,
                answer=_WARM_PROGRESS,
                status=202,
                problems=(MalformedBody, NotFound, Conflict),
                roles=OPERATORS,
            ),
        ),
    ),
)
