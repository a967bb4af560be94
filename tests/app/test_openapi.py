"""The API's description is made from the code, valid, whole, and what the service really does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from jsonschema import Draft202012Validator

from app.openapi import document, rendered
from app.problems import PROBLEMS
from app.routes import KIT_TABLE, STRESS_TABLE, TABLE
from tests.app.service import Service, appointment, contact, record

ROOT = Path(__file__).parents[2]
METHODS = {"get", "put", "post", "delete", "patch"}

# What the OpenAPI 3.1 specification asks of the objects used here (sections 4.8.1 to 4.8.27).
_OPENAPI_3_1 = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "type": "object",
            "patternProperties": {"^/": {"$ref": "#/$defs/pathItem"}},
            "additionalProperties": False,
        },
        "components": {
            "type": "object",
            "propertyNames": {"enum": ["schemas", "responses", "securitySchemes"]},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"},
            },
        },
    },
    "$defs": {
        "pathItem": {
            "type": "object",
            "properties": {
                **{method: {"$ref": "#/$defs/operation"} for method in sorted(METHODS)},
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
            },
            "additionalProperties": False,
        },
        "operation": {
            "type": "object",
            "required": ["operationId", "summary", "tags", "responses"],
            "properties": {
                "operationId": {"type": "string", "pattern": "^[a-z_]+$"},
                "summary": {"type": "string", "minLength": 8},
                "tags": {"type": "array", "minItems": 1},
                "x-roles": {"type": "array", "items": {"enum": ["staff", "admin", "operator"]}},
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "requestBody": {
                    "type": "object",
                    "required": ["content"],
                    "properties": {"content": {"$ref": "#/$defs/content"}},
                },
                "responses": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
                    "additionalProperties": {
                        "anyOf": [{"required": ["$ref"]}, {"required": ["description"]}]
                    },
                },
                "security": {"type": "array"},
            },
            "additionalProperties": False,
        },
        "parameter": {
            "type": "object",
            "required": ["name", "in", "schema"],
            "properties": {"in": {"enum": ["query", "header", "path"]}},
            "if": {"properties": {"in": {"const": "path"}}},
            "then": {"required": ["required"], "properties": {"required": {"const": True}}},
        },
        "content": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "object", "required": ["schema"]},
        },
    },
}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """Give the description."""
    return document()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_the_committed_description_is_the_generated_one() -> None:
    """`docs/openapi.json` is what `python -m app.openapi` writes."""
    assert rendered() == (ROOT / "docs/openapi.json").read_text(encoding="utf-8")


def test_the_description_is_well_formed(described: dict[str, Any]) -> None:
    """The document has the structure that OpenAPI 3.1 asks for."""
    jsonschema.validate(described, _OPENAPI_3_1, cls=Draft202012Validator)


def test_every_schema_is_a_schema(described: dict[str, Any]) -> None:
    """Every schema of the document is valid JSON Schema 2020-12."""
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    """Each `$ref` resolves within the document, and no component stands unused."""
    found = set(references(described))

    for reference in found:
        part: Any = described
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    names = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in described["components"][kind]
    }
    assert names == found


def test_every_line_of_the_route_table_is_described(described: dict[str, Any]) -> None:
    """Each path and method of the table stands in the document, and nothing else does."""
    table = {
        (resource.path, operation.method.lower())
        for resource in (*TABLE, *KIT_TABLE, *STRESS_TABLE)
        for operation in resource.operations
    }

    assert table == {(path, method) for path, method, _ in operations(described)}


async def test_every_path_that_is_served_is_described(drilled_service: Service) -> None:
    """What the running application routes, the operators' pages aside, is what the document describes."""
    served = {route.path for route in drilled_service.app.routes}  # type: ignore[attr-defined]

    assert {path for path in served if not path.startswith("/console")} == set(document()["paths"])


def test_operations_have_names_of_their_own(described: dict[str, Any]) -> None:
    """No two operations share a name or a summary."""
    found = [operation for _, _, operation in operations(described)]

    assert len(found) == len({one["operationId"] for one in found}) == len({one["summary"] for one in found})


def test_path_parameters_are_those_of_the_path(described: dict[str, Any]) -> None:
    """Each name in braces is declared, and no other."""
    for path, item in described["paths"].items():
        declared = {one["name"] for one in item.get("parameters", ()) if one["in"] == "path"}
        assert set(re.findall(r"\{(\w+)\}", path)) == declared


def test_every_problem_is_described_as_one(described: dict[str, Any]) -> None:
    """Each kind of problem is a response that shows the problem document."""
    responses = described["components"]["responses"]

    assert {problem.__name__ for problem in PROBLEMS} == set(responses)
    assert all("application/problem+json" in response["content"] for response in responses.values())


@pytest.mark.parametrize(
    ("path", "problems"),
    [
        ("/api/contacts", {"post": {400, 401, 403, 405, 409, 413, 415, 422, 429, 500, 503}}),
        (
            "/api/contacts/{contact_id}",
            {"put": {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 500, 503}},
        ),
        ("/api/contacts/{contact_id}", {"delete": {401, 403, 404, 405, 409, 412, 429, 500, 503}}),
        ("/openapi.json", {"get": {405, 500}}),
    ],
)
def test_operations_tell_what_may_go_wrong(
    described: dict[str, Any], path: str, problems: dict[str, set[int]]
) -> None:
    """The problems of an operation follow from its body, its versions and who may ask."""
    for method, statuses in problems.items():
        responses = described["paths"][path][method]["responses"]
        assert statuses == {int(status) for status in responses if int(status) >= 400}


async def test_the_service_answers_as_it_is_described(sqlite_service: Service) -> None:
    """Real answers of every kind fit the schemas of their operations."""
    staff = sqlite_service.staff
    answers = {
        ("/api/contacts", "post"): await staff.post("/api/contacts", contact(email="a@b.co")),
        ("/api/contacts", "get"): await staff.get("/api/contacts"),
        ("/api/contacts/{contact_id}", "get"): await staff.get("/api/contacts/1"),
        ("/api/appointments", "post"): await staff.post("/api/appointments", appointment(room="1")),
        ("/api/appointments", "get"): await staff.get("/api/appointments?date=2025-06-17"),
        ("/api/medical-records", "post"): await staff.post("/api/medical-records", record()),
        ("/api/medical-records", "get"): await staff.get("/api/medical-records"),
        ("/api/analytics/dashboard", "get"): await staff.get("/api/analytics/dashboard"),
        ("/api/settings", "get"): await staff.get("/api/settings"),
        ("/api/health", "get"): await sqlite_service.operator.get("/api/health"),
        ("/api/metrics", "get"): await sqlite_service.operator.get("/api/metrics"),
        ("/api/traces", "get"): await sqlite_service.operator.get("/api/traces"),
        ("/api/cache/switch", "get"): await sqlite_service.operator.get("/api/cache/switch"),
        ("/api/cache/warm", "get"): await sqlite_service.operator.get("/api/cache/warm"),
        ("/api/cache/warm", "post"): await sqlite_service.operator.post("/api/cache/warm", {}),
    }
    described = (await sqlite_service.stranger.get("/openapi.json")).json()
    answers[("/problem", "get")] = await staff.get("/api/contacts/99")

    for (path, method), answer in answers.items():
        validator = Draft202012Validator(
            {**schema_of(described, path, method, answer.status_code), **components(described)}
        )
        assert [] == [error.message for error in validator.iter_errors(answer.json())], path


def schema_of(described: dict[str, Any], path: str, method: str, status: int) -> dict[str, Any]:
    if path == "/problem":
        return {"$ref": "#/components/schemas/ProblemDocument"}
    response = described["paths"][path][method]["responses"][str(status)]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def components(described: dict[str, Any]) -> dict[str, Any]:
    return {"components": described["components"]}
