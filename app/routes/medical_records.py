"""Routes of the medical records."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.keys import CacheKeys
from app.problems import Invalid, NotFound
from app.routes import parsing, rendering
from app.routes.planning import of_entity, of_list
from app.routes.table import IfMatch, Operation, Resource
from app.schemas.medical_records import (
    MedicalRecord,
    MedicalRecordChange,
    MedicalRecordContent,
    MedicalRecordQuery,
)
from app.schemas.pages import Page
from app.services.medical_records import version_of
from monitor.cache.keys import CacheKey
from monitor.tenancy.identity import TenantId

_PATH = "/api/medical-records"


async def list_records(request: Request) -> Response:
    """List medical records by contact or kind."""
    query = parsing.query(request, MedicalRecordQuery)
    return rendering.page(_PATH, query, await parsing.services_of(request).medical_records.list(query))


async def read_record(request: Request) -> Response:
    """Read a medical record."""
    record = await parsing.services_of(request).medical_records.get(_id(request))
    return rendering.entity(record, version_of(record))


async def create_record(request: Request) -> Response:
    """Create a medical record."""
    content = await parsing.body(request, MedicalRecordContent)
    attempt = parsing.attempt(request, content)
    record = await parsing.services_of(request).medical_records.create(content, attempt)
    return rendering.created(record, version_of(record), f"{_PATH}/{record.id}")


async def replace_record(request: Request) -> Response:
    """Write all of a medical record anew."""
    record_id, version = _id(request), parsing.required_version(request)
    content = await parsing.body(request, MedicalRecordContent)
    record = await parsing.services_of(request).medical_records.replace(record_id, content, version)
    return rendering.entity(record, version_of(record))


async def change_record(request: Request) -> Response:
    """Change fields of a medical record."""
    record_id, version = _id(request), parsing.required_version(request)
    change = await parsing.body(request, MedicalRecordChange)
    record = await parsing.services_of(request).medical_records.change(record_id, change, version)
    return rendering.entity(record, version_of(record))


def list_key(tenant: TenantId, query: MedicalRecordQuery) -> CacheKey:
    """Make the key of a list."""
    filters = {"contactId": query.contact_id, "kind": query.kind}
    return CacheKeys.medical_records.list(tenant, query.page, page_size=query.page_size, **filters)


def _id(request: Request) -> int:
    return parsing.required_id(request, "record_id")


RESOURCES = (
    Resource(
        _PATH,
        "Medical records",
        (
            Operation(
                "GET",
                list_records,
                query=MedicalRecordQuery,
                answer=Page[MedicalRecord],
                problems=(Invalid,),
            ),
            Operation(
                "POST",
                create_record,
                body=MedicalRecordContent,
                answer=MedicalRecord,
                status=201,
                repeatable=True,
            ),
        ),
        of_list(MedicalRecordQuery, list_key),
    ),
    Resource(
        f"{_PATH}/{{record_id}}",
        "Medical records",
        (
            Operation("GET", read_record, answer=MedicalRecord, problems=(NotFound,)),
            Operation(
                "PUT",
                replace_record,
                body=MedicalRecordContent,
                answer=MedicalRecord,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound,),
            ),
            Operation(
                "PATCH",
                change_record,
                body=MedicalRecordChange,
                answer=MedicalRecord,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound,),
            ),
        ),
        of_entity("record_id", CacheKeys.medical_records.detail),
    ),
)
