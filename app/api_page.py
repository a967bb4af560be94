"""The API's description as a page: server-rendered, self-contained, readable without a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from app.problems import PROBLEMS

Json = dict[str, Any]

_STYLE = Path(__file__).with_name("api_page.css")
_METHODS = ("get", "post", "put", "patch", "delete")


class ApiPage(NamedTuple):
    """The page, and the policy that lets a browser load nothing else.

    Attributes:
        html: The page.
        content_security_policy: Value of the header `Content-Security-Policy`.
    """

    html: str
    content_security_policy: str


def render(document: Json) -> ApiPage:
    """Render the OpenAPI document `document`."""
    style = _STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    return ApiPage(_page(document, style), policy)


def _page(document: Json, style: str) -> str:
    info = document["info"]
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(info['title'])} API</title><style>{style}</style></head><body>",
            '<a class="skip" href="#content">Skip to the content</a>',
            f"<header><h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>",
            f"<p>{escape(info['summary'])} {escape(info['description'])}</p>",
            '<p>The same as a document: <a href="openapi.json">openapi.json</a></p></header>',
            _navigation(document),
            '<main id="content">',
            *_sections(document),
            _schemas(document),
            _problems(),
            "</main></body></html>",
        )
    )


def _navigation(document: Json) -> str:
    names = [*(tag["name"] for tag in document["tags"]), "Schemas", "Problems"]
    links = "".join(f'<li><a href="#{_anchor(name)}">{escape(name)}</a></li>' for name in names)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>'


def _sections(document: Json) -> Iterable[str]:
    for tag in document["tags"]:
        name = tag["name"]
        yield f'<section aria-labelledby="{_anchor(name)}"><h2 id="{_anchor(name)}">{escape(name)}</h2>'
        for path, item in document["paths"].items():
            for method in _METHODS:
                if method in item and name in item[method]["tags"]:
                    yield _operation(path, method, item[method], item.get("parameters", ()))
        yield "</section>"


def _operation(path: str, method: str, operation: Json, shared: Sequence[Json]) -> str:
    name = escape(operation["operationId"])
    return "".join(
        (
            f'<details><summary><b class="{method}">{method.upper()}</b> ',
            f"<code>{escape(path)}</code> <span>{escape(operation['summary'])}</span></summary>",
            # The id stands inside, so that a browser that is led to it opens the details.
            f'<div id="{name}">',
            _parameters([*shared, *operation.get("parameters", ())]),
            _body(operation.get("requestBody")),
            _responses(operation["responses"]),
            "</div></details>",
        )
    )


def _parameters(parameters: Sequence[Json]) -> str:
    rows = (
        (
            f"<code>{escape(parameter['name'])}</code>",
            f"{parameter['in']}{', required' if parameter.get('required') else ''}",
            _kind(parameter["schema"]),
            escape(parameter.get("description", "")),
        )
        for parameter in parameters
    )
    return _table("Parameters", ("Name", "Where", "Type", "Meaning"), rows) if parameters else ""


def _body(body: Json | None) -> str:
    if body is None:
        return ""
    return f"<p>Body: {_kind(body['content']['application/json']['schema'])}</p>"


def _responses(responses: Json) -> str:
    rows = ((f"<code>{status}</code>", _answer(response)) for status, response in responses.items())
    return _table("Answers", ("Status", "Answer"), rows)


def _answer(response: Json) -> str:
    if "$ref" in response:
        name = response["$ref"].rsplit("/", 1)[1]
        kind = next(problem.kind for problem in PROBLEMS if problem.__name__ == name)
        return f'<a href="#problem-{kind}">{escape(name)}</a>'
    content = response.get("content", {}).get("application/json")
    headers = "".join(f", <code>{escape(name)}</code>" for name in response.get("headers", ()))
    return (_kind(content["schema"]) if content else escape(response["description"])) + headers


def _schemas(document: Json) -> str:
    parts = (
        f"<details><summary><code>{escape(name)}</code> "
        f"<span>{escape(schema.get('description', ''))}</span></summary>"
        f'<div id="schema-{escape(name)}">{_fields(schema)}</div></details>'
        for name, schema in document["components"]["schemas"].items()
    )
    return f'<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>{"".join(parts)}</section>'


def _fields(schema: Json) -> str:
    if "properties" not in schema:
        return f"<p>{_kind(schema)}</p>"
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{escape(name)}</code>",
            _kind(field) + ("" if name in required else ", optional"),
            escape(field.get("description", "")),
        )
        for name, field in schema["properties"].items()
    )
    return _table("Fields", ("Name", "Type", "Meaning"), rows)


def _problems() -> str:
    parts = (
        f'<dt id="problem-{problem.kind}"><code>{problem.status}</code> {escape(problem.title)}</dt>'
        f"<dd>{escape((problem.__doc__ or '').splitlines()[0])}</dd>"
        for problem in PROBLEMS
    )
    heading = '<h2 id="problems">Problems</h2>'
    return f'<section aria-labelledby="problems">{heading}<dl>{"".join(parts)}</dl></section>'


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[1])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(choice))}</code>" for choice in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_kind(schema['items'])}" if isinstance(schema["items"], dict) else "list"
    return escape(str(schema.get("format", schema.get("type", "any")))) + _limits(schema)


def _limits(schema: Json) -> str:
    words = {"minimum": "from", "maximum": "to", "minLength": "at least", "maxLength": "at most"}
    told = [f"{word} {schema[limit]}" for limit, word in words.items() if limit in schema]
    return f" <small>{', '.join(told)}</small>" if told else ""


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    scroll = f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
    return f"{scroll}<table><caption>{caption}</caption><tr>{head}</tr>{body}</table></div>"


def _anchor(name: str) -> str:
    return escape(name.lower().replace(" ", "-"))
