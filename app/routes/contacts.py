"""Routes of the contacts."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.keys import CacheKeys
from app.problems import Conflict, Invalid, NotFound
from app.routes import parsing, rendering
from app.routes.planning import of_entity, of_list
from app.routes.table import IfMatch, Operation, Resource
from app.schemas.contacts import Contact, ContactChange, ContactContent, ContactQuery
from app.schemas.pages import Page
from app.services.contacts import version_of
from monitor.cache.keys import CacheKey
from monitor.tenancy.identity import TenantId

_PATH = "/api/contacts"


async def list_contacts(request: Request) -> Response:
    """List and search contacts."""
    query = parsing.query(request, ContactQuery)
    return rendering.page(_PATH, query, await parsing.services_of(request).contacts.list(query))


async def read_contact(request: Request) -> Response:
    """Read a contact."""
    contact = await parsing.services_of(request).contacts.get(_id(request))
    return rendering.entity(contact, version_of(contact))


async def create_contact(request: Request) -> Response:
    """Create a contact."""
    content = await parsing.body(request, ContactContent)
    contact = await parsing.services_of(request).contacts.create(content, parsing.attempt(request, content))
    return rendering.created(contact, version_of(contact), f"{_PATH}/{contact.id}")


async def replace_contact(request: Request) -> Response:
    """Write all of a contact anew."""
    contact_id, version = _id(request), parsing.required_version(request)
    content = await parsing.body(request, ContactContent)
    contact = await parsing.services_of(request).contacts.replace(contact_id, content, version)
    return rendering.entity(contact, version_of(contact))


async def change_contact(request: Request) -> Response:
    """Change fields of a contact."""
    contact_id, version = _id(request), parsing.required_version(request)
    change = await parsing.body(request, ContactChange)
    contact = await parsing.services_of(request).contacts.change(contact_id, change, version)
    return rendering.entity(contact, version_of(contact))


async def delete_contact(request: Request) -> Response:
    """Delete a contact without appointments and medical records."""
    version = parsing.optional_version(request)
    await parsing.services_of(request).contacts.delete(_id(request), version)
    return rendering.nothing()


def list_key(tenant: TenantId, query: ContactQuery) -> CacheKey:
    """Make the key of a list."""
    return CacheKeys.contacts.list(tenant, query.page, page_size=query.page_size, search=query.q)


def _id(request: Request) -> int:
    return parsing.required_id(request, "contact_id")


RESOURCES = (
    Resource(
        _PATH,
        "Contacts",
        (
            Operation(
                "GET",
                list_contacts,
                query=ContactQuery,
                answer=Page[Contact],
                problems=(Invalid,),
            ),
            Operation(
                "POST",
                create_contact,
                body=ContactContent,
                answer=Contact,
                status=201,
                repeatable=True,
                problems=(Conflict,),
            ),
        ),
        of_list(ContactQuery, list_key),
    ),
    Resource(
        f"{_PATH}/{{contact_id}}",
        "Contacts",
        (
            Operation("GET", read_contact, answer=Contact, problems=(NotFound,)),
            Operation(
                "PUT",
                replace_contact,
                body=ContactContent,
                answer=Contact,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound, Conflict),
            ),
            Operation(
                "PATCH",
                change_contact,
                body=ContactChange,
                answer=Contact,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound, Conflict),
            ),
            Operation(
                "DELETE",
                delete_contact,
                status=204,
                if_match=IfMatch.OPTIONAL,
                problems=(NotFound, Conflict),
            ),
        ),
        of_entity("contact_id", CacheKeys.contacts.detail),
    ),
)
