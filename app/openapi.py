"""The API's description (OpenAPI 3.1), made from the route table and the schemas' types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from app.auth import Role
from app.problems import (
    PROBLEMS,
    BodyTooLarge,
    Conflict,
    Forbidden,
    Invalid,
    MalformedBody,
    MethodNotAllowed,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    TooManyAttempts,
    Unauthenticated,
    Unavailable,
    Unexpected,
    UnsupportedMediaType,
)
from app.routes import KIT_TABLE, STRESS_TABLE, TABLE
from app.routes.table import IfMatch, Operation, Resource
from monitor import __version__
from monitor.problems import MEDIA_TYPE, ProblemDocument

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_OF_EVERY = (MethodNotAllowed, Unexpected)
_OF_SIGNED_IN = (Unauthenticated, Forbidden, TooManyAttempts, Unavailable)
_OF_BODIES = (MalformedBody, BodyTooLarge, UnsupportedMediaType, Invalid)
_OF_REPEATED = (Conflict, Invalid)
_REPEATED = "A string of your own, such as a UUID; for a day a repeated request is answered as the first."
_OF_VERSIONS = (PreconditionFailed,)


_ROLES_HEAD = """# Roles

Who may do what. The route table (`app/routes/`) names the roles of each operation once: the routes check
them before anything else, the OpenAPI document tells them as `x-roles`, and this page is written from them
by `make definitions`. `tests/security/test_roles.py` asks every operation as every role and as nobody.

| role | who |
| --- | --- |
| staff | reads and writes the data of its own clinic |
| admin | staff that may also change the clinic's settings and withdraw its tokens |
| operator | sees the telemetry of all clinics, steers cache, faults and tokens; no clinic's data |

An operation that a role may not do answers 403, whatever its path and body; without a valid token it
answers 401.

| operation | what it does | staff | admin | operator | nobody |
| --- | --- | --- | --- | --- | --- |"""


def document(table: Sequence[Resource] = (*TABLE, *KIT_TABLE, *STRESS_TABLE)) -> Json:
    """Return the description of every resource of `table`."""
    schemas = _Schemas(table)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TaskMed",
            "version": __version__,
            "summary": "Contacts, appointments, medical records, figures and settings of many clinics.",
            "description": "A token belongs to one clinic, and so does everything it reaches.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(resource.tag for resource in table)],
        "security": [{"bearer": []}],
        "paths": {resource.path: _path_item(resource, schemas) for resource in table},
        "components": {
            "schemas": schemas.components,
            "responses": {problem.__name__: _problem_response(problem) for problem in PROBLEMS},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "`taskmed token --clinic 1 --role staff` mints one.",
                }
            },
        },
    }


class _Schemas:
    """JSON Schemas of every type that the table names."""

    def __init__(self, table: Sequence[Resource]) -> None:
        types = [ProblemDocument, *dict.fromkeys(_types(table))]
        schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
        self._schemas = list(zip(types, schemas, strict=True))
        self.components = {name: _tidy(schema) for name, schema in components.items()}

    def of(self, kind: object) -> Json:
        schema: Json = _tidy(next(schema for known, schema in self._schemas if known == kind))
        return schema


def _types(table: Iterable[Resource]) -> Iterable[Any]:
    for resource in table:
        for operation in resource.operations:
            yield from (kind for kind in (operation.answer, operation.body) if kind is not None)
            if operation.query is not None:
                yield from (field.type for field in msgspec.structs.fields(operation.query))


def _path_item(resource: Resource, schemas: _Schemas) -> Json:
    item: Json = {
        operation.method.lower(): _operation(resource, operation, schemas)
        for operation in resource.operations
    }
    names = _PARAMETER.findall(resource.path)
    if names:
        item["parameters"] = [_path_parameter(name) for name in names]
    return item


def _operation(resource: Resource, operation: Operation, schemas: _Schemas) -> Json:
    described: Json = {
        "operationId": operation.operation_id,
        "tags": [resource.tag],
        "summary": operation.title,
        "responses": _responses(resource, operation, schemas),
    }
    parameters = [*_query_parameters(operation, schemas), *_version_parameters(resource, operation)]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": schemas.of(operation.body)}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.public:
        described["security"] = []
    else:
        described["x-roles"] = [role.value for role in Role if role in operation.roles]
    return described


def _query_parameters(operation: Operation, schemas: _Schemas) -> Iterable[Json]:
    if operation.query is None:
        return
    for field in msgspec.structs.fields(operation.query):
        schema = schemas.of(field.type)
        description = schema.pop("description", "")
        yield {"name": field.encode_name, "in": "query", "description": description, "schema": schema}


def _version_parameters(resource: Resource, operation: Operation) -> Iterable[Json]:
    if operation.if_match is not IfMatch.UNUSED:
        required = operation.if_match is IfMatch.REQUIRED
        yield _header("If-Match", "The `ETag` of the version you read.", required=required)
    if operation.repeatable:
        yield _header("Idempotency-Key", _REPEATED, required=False)
    if operation.method == "GET" and resource.key is not None:
        yield _header("If-None-Match", "The `ETag` you hold; 304 if it is still current.", required=False)


def _header(name: str, description: str, *, required: bool) -> Json:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _path_parameter(name: str) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _responses(resource: Resource, operation: Operation, schemas: _Schemas) -> Json:
    responses: Json = {str(operation.status): _success(resource, operation, schemas)}
    if operation.method == "GET" and resource.key is not None:
        responses["304"] = {"description": "What you hold is still current."}
    for problem in sorted(_problems(operation), key=lambda problem: problem.status):
        responses[str(problem.status)] = {"$ref": f"#/components/responses/{problem.__name__}"}
    return responses


def _success(resource: Resource, operation: Operation, schemas: _Schemas) -> Json:
    response: Json = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer is not None:
        response["content"] = {operation.media_type: {"schema": schemas.of(operation.answer)}}
    names = [name for name, sent in _headers(resource, operation).items() if sent]
    if names:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    return response


def _headers(resource: Resource, operation: Operation) -> dict[str, bool]:
    versioned = operation.if_match is IfMatch.REQUIRED or operation.status == HTTPStatus.CREATED
    cached = operation.method == "GET" and resource.key is not None
    return {
        "ETag": versioned or cached,
        "Location": operation.status == HTTPStatus.CREATED,
        "Cache-Status": cached,
    }


def _problems(operation: Operation) -> set[type[Problem]]:
    found = {*_OF_EVERY, *operation.problems}
    if not operation.public:
        found.update(_OF_SIGNED_IN)
    if operation.body is not None:
        found.update(_OF_BODIES)
    if operation.repeatable:
        found.update(_OF_REPEATED)
    if operation.if_match is not IfMatch.UNUSED:
        found.update(_OF_VERSIONS)
    if operation.if_match is IfMatch.REQUIRED:
        found.add(PreconditionRequired)
    return found


def _problem_response(problem: type[Problem]) -> Json:
    schema = {"$ref": _REF.format(name=ProblemDocument.__name__)}
    return {"description": problem.title, "content": {MEDIA_TYPE: {"schema": schema}}}


def _tidy(schema: Any) -> Any:
    # Docstrings become descriptions; their lists of attributes are for the readers of the source.
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items()}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split("\n\n")[0].split())
    return tidy


def rendered() -> str:
    """Return the description as the text of `docs/openapi.json`."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"


def roles_page() -> str:
    """Return `docs/roles.md`: who may do what, as the route table says it."""
    lines = [_ROLES_HEAD]
    for resource in (*TABLE, *KIT_TABLE, *STRESS_TABLE):
        for operation in resource.operations:
            may = ["yes" if operation.public or role in operation.roles else "" for role in Role]
            nobody = "yes" if operation.public else ""
            cells = (f"`{operation.method} {resource.path}`", operation.title, *may, nobody)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path("docs/roles.md").write_text(roles_page(), encoding="utf-8")
    Path("docs/openapi.json").write_text(rendered(), encoding="utf-8")
