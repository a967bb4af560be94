"""What a line of the route table says: one path, its methods, and how its GET is cached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.problems import Problem
from app.routes.access import CLINIC, Roles, require_role
from monitor.cache.keys import CacheKey
from monitor.tenancy.identity import TenantId

Handler = Callable[[Request], Awaitable[Response]]
KeyMaker = Callable[[TenantId, Mapping[str, str], Sequence[tuple[str, str]]], CacheKey | None]


class IfMatch(Enum):
    """Whether an operation asks for the version it changes."""

    UNUSED = "unused"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a path.

    Attributes:
        method: The HTTP method.
        handler: Parses, calls one service, renders; its name and docstring stand in the API's
            description. None where the kit serves the path and the table only describes it.
        answer: Type of the body of a success; None: an empty one.
        query: Type of the query's parameters.
        body: Type of the request's body.
        status: Status of a success.
        if_match: Whether it asks for the version it changes.
        repeatable: Whether a client may repeat it under an `Idempotency-Key`.
        problems: What it may answer besides, apart from what every operation may.
        roles: Who may do it; of a path that the kit serves, whom the kit lets.
        public: Whether it needs no sign-in.
        media_type: Type of the answer.
        name: Its name in the API's description, where there is no handler to take it from.
        summary: One line about it, where there is no handler to take it from.
    """

    method: str
    handler: Handler | None
    answer: object = None
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    status: int = 200
    if_match: IfMatch = IfMatch.UNUSED
    repeatable: bool = False
    problems: tuple[type[Problem], ...] = ()
    roles: Roles = CLINIC
    public: bool = False
    media_type: str = "application/json"
    name: str = ""
    summary: str = ""

    @property
    def operation_id(self) -> str:
        return self.name if self.handler is None else self.handler.__name__

    async def serve(self, request: Request) -> Response:
        """Answer a request.

        Raises:
            LookupError: The kit serves the path.
        """
        if self.handler is None:
            raise LookupError(self.name)
        return await self.handler(request)

    @property
    def title(self) -> str:
        """One line for the reader of the API's description."""
        if self.handler is None:
            return self.summary
        return (self.handler.__doc__ or "").strip().partition("\n")[0].rstrip(".")


@dataclass(frozen=True, slots=True)
class Resource:
    """One path.

    Attributes:
        path: Its template.
        tag: The group it is described under.
        operations: Its methods.
        key: Makes the cache key of its GET; None: it is not cached.
    """

    path: str
    tag: str
    operations: tuple[Operation, ...]
    key: KeyMaker | None = None


def route_of(resource: Resource) -> Route:
    """Return one Starlette route for all methods of a path, so that a 405 names them all."""
    operations = {one.method: one for one in resource.operations}
    if "GET" in operations:
        operations["HEAD"] = operations["GET"]

    async def endpoint(request: Request) -> Response:
        operation = operations[request.method]
        if not operation.public:
            require_role(request, operation.roles)
        return await operation.serve(request)

    return Route(resource.path, endpoint, methods=list(operations))
