"""Routes of the stress endpoints; they exist only where `TASKMED_STRESS` is on."""

from __future__ import annotations

from msgspec.json import encode
from starlette.requests import Request
from starlette.responses import Response

from app.problems import Invalid
from app.routes import parsing, rendering
from app.routes.access import OPERATORS
from app.routes.table import Operation, Resource
from app.schemas.stress import LONGEST_S, Fault, FaultContent
from app.services.registry import Services
from app.standing.book import OrderKind
from app.standing.follower import Reach
from monitor.problems import FieldError


async def read_fault(request: Request) -> Response:
    """Read the fault in force."""
    return rendering.json(parsing.services_of(request).stress.show())


async def set_fault(request: Request) -> Response:
    """Delay answers, fail a share of them or bypass the cache, for a while, in every worker."""
    content = await parsing.body(request, FaultContent)
    services = parsing.services_of(request)
    await _require_clinics(services, content)
    reach = await services.standing.order(
        OrderKind.FAULT, value=encode(content).decode(), lasts_s=content.seconds
    )
    return rendering.json(services.stress.show(), headers=_told(reach))


async def clear_fault(request: Request) -> Response:
    """End the fault in every worker."""
    # An order that ends nothing: it lasts as long as the longest fault that it takes back.
    reach = await parsing.services_of(request).standing.order(OrderKind.FAULT, lasts_s=LONGEST_S)
    return rendering.nothing(_told(reach))


async def _require_clinics(services: Services, content: FaultContent) -> None:
    known = {clinic.id for clinic in await services.clinics()} if content.clinics else set()
    if not known.issuperset(content.clinics):
        raise Invalid([FieldError("/clinics", "must be clinics of this service")])


def _told(reach: Reach) -> dict[str, str]:
    # A dictionary of RFC 8941: how many workers keep to it, and how many have not said so.
    return {"Workers": f"reached={reach.reached}, missing={reach.missing}"}


RESOURCES = (
    Resource(
        "/api/stress/fault",
        "Stress",
        (
            Operation("GET", read_fault, answer=Fault, roles=OPERATORS),
            Operation(
                "PUT",
                set_fault,
                body=FaultContent,
                answer=Fault,
                roles=OPERATORS,
            ),
            Operation("DELETE", clear_fault, status=204, roles=OPERATORS),
        ),
    ),
)
