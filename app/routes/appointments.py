"""Routes of the appointments."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.keys import CacheKeys
from app.problems import Conflict, Invalid, NotFound
from app.routes import parsing, rendering
from app.routes.planning import of_entity, of_list
from app.routes.table import IfMatch, Operation, Resource
from app.schemas.appointments import Appointment, AppointmentChange, AppointmentContent, AppointmentQuery
from app.schemas.pages import Page
from app.services.appointments import version_of
from monitor.cache.keys import CacheKey
from monitor.tenancy.identity import TenantId

_PATH = "/api/appointments"


async def list_appointments(request: Request) -> Response:
    """List appointments by day, status, contact or span."""
    query = parsing.query(request, AppointmentQuery)
    return rendering.page(_PATH, query, await parsing.services_of(request).appointments.list(query))


async def read_appointment(request: Request) -> Response:
    """Read an appointment."""
    appointment = await parsing.services_of(request).appointments.get(_id(request))
    return rendering.entity(appointment, version_of(appointment))


async def create_appointment(request: Request) -> Response:
    """Book an appointment."""
    content = await parsing.body(request, AppointmentContent)
    attempt = parsing.attempt(request, content)
    appointment = await parsing.services_of(request).appointments.create(content, attempt)
    return rendering.created(appointment, version_of(appointment), f"{_PATH}/{appointment.id}")


async def replace_appointment(request: Request) -> Response:
    """Write all of an appointment anew."""
    appointment_id, version = _id(request), parsing.required_version(request)
    content = await parsing.body(request, AppointmentContent)
    appointment = await parsing.services_of(request).appointments.replace(appointment_id, content, version)
    return rendering.entity(appointment, version_of(appointment))


async def change_appointment(request: Request) -> Response:
    """Change fields of an appointment."""
    appointment_id, version = _id(request), parsing.required_version(request)
    change = await parsing.body(request, AppointmentChange)
    appointment = await parsing.services_of(request).appointments.change(appointment_id, change, version)
    return rendering.entity(appointment, version_of(appointment))


async def delete_appointment(request: Request) -> Response:
    """Delete an appointment."""
    version = parsing.optional_version(request)
    await parsing.services_of(request).appointments.delete(_id(request), version)
    return rendering.nothing()


def list_key(tenant: TenantId, query: AppointmentQuery) -> CacheKey:
    """Make the key of a list, or of a day where only one is asked for."""
    filters = {
        "from": query.since,
        "to": query.until,
        "status": query.status,
        "contactId": query.contact_id,
    }
    if query.day is not None:
        return CacheKeys.appointments.by_date(
            tenant, query.day, query.page, page_size=query.page_size, **filters
        )
    return CacheKeys.appointments.list(tenant, query.page, page_size=query.page_size, **filters)


def _id(request: Request) -> int:
    return parsing.required_id(request, "appointment_id")


RESOURCES = (
    Resource(
        _PATH,
        "Appointments",
        (
            Operation(
                "GET",
                list_appointments,
                query=AppointmentQuery,
                answer=Page[Appointment],
                problems=(Invalid,),
            ),
            Operation(
                "POST",
                create_appointment,
                body=AppointmentContent,
                answer=Appointment,
                status=201,
                repeatable=True,
                problems=(Conflict,),
            ),
        ),
        of_list(AppointmentQuery, list_key),
    ),
    Resource(
        f"{_PATH}/{{appointment_id}}",
        "Appointments",
        (
            Operation("GET", read_appointment, answer=Appointment, problems=(NotFound,)),
            Operation(
                "PUT",
                replace_appointment,
                body=AppointmentContent,
                answer=Appointment,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound, Conflict),
            ),
            Operation(
                "PATCH",
                change_appointment,
                body=AppointmentChange,
                answer=Appointment,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound, Conflict),
            ),
            Operation(
                "DELETE",
                delete_appointment,
                status=204,
                if_match=IfMatch.OPTIONAL,
                problems=(NotFound, Conflict),
            ),
        ),
        of_entity("appointment_id", CacheKeys.appointments.detail),
    ),
)
