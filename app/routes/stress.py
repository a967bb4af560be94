"""Routes of the stress endpoints; they exist only where `TASKMED_STRESS` is on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.problems import Forbidden
from app.routes import parsing, rendering
from app.routes.access import require_operator
from app.routes.table import Operation, Resource
from app.schemas.stress import Fault, FaultContent


async def read_fault(request: Request) -> Response:
    """Read the fault in force."""
    require_operator(request)
    return rendering.json(parsing.services_of(request).stress.show())


async def set_fault(request: Request) -> Response:
    """Delay answers, fail a share of them or bypass the cache, for a while."""
    require_operator(request)
    content = await parsing.body(request, FaultContent)
    return rendering.json(parsing.services_of(request).stress.set(content))


async def clear_fault(request: Request) -> Response:
    """End the fault."""
    require_operator(request)
    parsing.services_of(request).stress.clear()
    return rendering.nothing()


RESOURCES = (
    Resource(
        "/api/stress/fault",
        "Stress",
        (
            Operation("GET", read_fault, answer=Fault, problems=(Forbidden,)),
            Operation(
                "PUT",
                set_fault,
                body=FaultContent,
                answer=Fault,
                problems=(Forbidden,),
            ),
            Operation("DELETE", clear_fault, status=204, problems=(Forbidden,)),
        ),
    ),
)
