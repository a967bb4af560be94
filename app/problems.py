"""What may go wrong with a request, and how it is told (RFC 9457).

Problem
├── MalformedBody           400  not JSON, or not UTF-8
├── Unauthenticated         401  no valid bearer token
├── Forbidden               403  the role may not do this
├── NotFound                404  no such thing in the caller's clinic
├── MethodNotAllowed        405  the path is there, the method is not
├── Conflict                409  the write collides with what is there
├── PreconditionFailed      412  the resource changed since it was read
├── BodyTooLarge            413  more bytes than the service takes
├── UnsupportedMediaType    415  not declared as JSON
├── Invalid                 422  fields that break a rule, each with its message
├── PreconditionRequired    428  `If-Match` is missing
├── TooManyAttempts         429  an address failed to sign in too often
├── Unexpected              500  a fault of the service
└── Unavailable             503  the database is out of reach or overloaded

No text in here ever repeats what the caller sent: it may be a patient's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.errors import BrokenRule, Collision, DomainError, KeyInUse, KeyReused, NotThere, Outdated
from monitor.errors import (
    ConnectionLost,
    ConstraintViolated,
    DatabaseError,
    PoolExhausted,
    StatementFailed,
    TenantNotBound,
)
from monitor.middleware.request import record_of
from monitor.problems import FieldError, answer, document


class Problem(Exception):
    """Base of what a request may be answered with instead of success.

    Args:
        detail: What happened and what to do; never a value that the caller sent.
        errors: The fields that break a rule.
        headers: Headers of the answer.
    """

    status: ClassVar[int]
    kind: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class MalformedBody(Problem):
    """The body is not JSON."""

    status, kind, title = 400, "malformed-body", "The body is not JSON"


class Unauthenticated(Problem):
    """No valid bearer token came with the request."""

    status, kind, title = 401, "unauthenticated", "Sign-in is needed"

    def __init__(self, detail: str = "Send a valid token as `Authorization: Bearer ...`.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="taskmed"'})


class Forbidden(Problem):
    """The caller's role may not do this."""

    status, kind, title = 403, "forbidden", "The role does not allow this"


class NotFound(Problem):
    """There is no such thing in the caller's clinic."""

    status, kind, title = 404, "not-found", "Not found"


class MethodNotAllowed(Problem):
    """The path is there, the method is not."""

    status, kind, title = 405, "method-not-allowed", "The method is not allowed here"


class Conflict(Problem):
    """The write collides with what is there."""

    status, kind, title = 409, "conflict", "The write collides with what is there"


class PreconditionFailed(Problem):
    """The resource changed since the caller read it."""

    status, kind, title = 412, "precondition-failed", "The resource has changed"

    def __init__(
        self, detail: str = "It changed since you read it: read it again and repeat the change."
    ) -> None:
        super().__init__(detail)


class BodyTooLarge(Problem):
    """The body holds more bytes than the service takes."""

    status, kind, title = 413, "body-too-large", "The body is too large"


class UnsupportedMediaType(Problem):
    """The body is not declared as JSON."""

    status, kind, title = 415, "unsupported-media-type", "The body must be JSON"


class Invalid(Problem):
    """Fields of the request break a rule."""

    status, kind, title = 422, "invalid", "The request breaks a rule"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("See `errors` for each field and what would be right.", errors=errors)


class PreconditionRequired(Problem):
    """`If-Match` is missing."""

    status, kind, title = 428, "precondition-required", "If-Match is needed"

    def __init__(self) -> None:
        super().__init__("Send the `ETag` of the version you read as `If-Match`.")


class TooManyAttempts(Problem):
    """An address failed to sign in too often."""

    status, kind, title = 429, "too-many-attempts", "Too many failed sign-ins"

    def __init__(self) -> None:
        super().__init__("Wait a moment; a valid token is taken at any time.", headers={"Retry-After": "1"})


class Unexpected(Problem):
    """The service failed in a way it did not foresee."""

    status, kind, title = 500, "unexpected", "The service failed"

    def __init__(self) -> None:
        super().__init__("The fault is ours. Try again; if it stays, tell the support the trace id.")


class Unavailable(Problem):
    """The database is out of reach or overloaded."""

    status, kind, title = 503, "unavailable", "The service is not available just now"

    def __init__(self, detail: str = "Try again in a moment.") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


PROBLEMS: tuple[type[Problem], ...] = (
    MalformedBody,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PreconditionFailed,
    BodyTooLarge,
    UnsupportedMediaType,
    Invalid,
    PreconditionRequired,
    TooManyAttempts,
    Unexpected,
    Unavailable,
)


def type_uri(kind: str) -> str:
    """Return the link to a kind's description, on the service's own page."""
    return f"/docs#problem-{kind}"


def render(problem: Problem, scope: Scope) -> Response:
    """Render a problem as the answer to the request of `scope`."""
    told = document(
        scope.get("root_path", "") + type_uri(problem.kind),
        problem.title,
        problem.status,
        problem.detail,
        record_of(scope).trace_id,
        problem.errors,
    )
    return answer(told, problem.headers)


def _of_domain(error: DomainError) -> Problem:
    if isinstance(error, BrokenRule):
        return Invalid([FieldError("/" + _camel(error.field), error.message)])
    if isinstance(error, NotThere):
        return NotFound(str(error))
    if isinstance(error, Outdated):
        return PreconditionFailed()
    if isinstance(error, KeyInUse):
        return Conflict("A request with this Idempotency-Key is under way; repeat it in a moment.")
    if isinstance(error, KeyReused):
        return Invalid([FieldError("Idempotency-Key", "stands for another request; take a new one")])
    if isinstance(error, Collision):
        return Conflict(str(error))
    raise error  # one that nobody has put into words is a fault of ours


def _camel(name: str) -> str:
    # As msgspec's `rename="camel"` spells the fields of every body.
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class _Told(NamedTuple):
    problem: type[Problem]
    detail: str


_BY_STATUS = {
    400: _Told(MalformedBody, "The request could not be read."),
    404: _Told(NotFound, "Nothing is found at this path; /docs lists what is there."),
    405: _Told(MethodNotAllowed, "The header `Allow` lists the methods of this path."),
    413: _Told(BodyTooLarge, "Send a smaller body."),
}


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a `Problem`."""
    return render(cast("Problem", error), request.scope)  # Starlette hands each handler its own kind


async def on_domain_error(request: Request, error: Exception) -> Response:
    """Answer what stands in the way of what the caller wants done."""
    return render(_of_domain(cast("DomainError", error)), request.scope)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer Starlette's own exceptions: no route, no method, an unreadable request."""
    raised = cast("HTTPException", error)
    told = _BY_STATUS.get(raised.status_code)
    if told is None:
        raise raised
    problem = told.problem(told.detail)
    problem.headers.update(raised.headers or {})
    return render(problem, request.scope)


async def on_unbound_tenant(request: Request, _error: Exception) -> Response:
    """Answer a caller without a clinic, such as an operator, that asks for a clinic's data."""
    return render(Forbidden("This belongs to a clinic; sign in as one of its users."), request.scope)


async def on_database_error(request: Request, error: Exception) -> Response:
    """Answer what the database refuses; a fault of ours goes on to where faults are logged."""
    if isinstance(error, ConstraintViolated):
        return render(
            Conflict("Something of the clinic that is there already stands in the way."), request.scope
        )
    if isinstance(error, (PoolExhausted, StatementFailed)):
        return render(Unavailable(_why_unavailable(error)), request.scope)
    raise error


def _why_unavailable(error: DatabaseError) -> str:
    if isinstance(error, PoolExhausted):
        return "More is asked of the database than it can answer. Try again in a moment."
    if isinstance(error, ConnectionLost):
        return "The database is out of reach. Try again in a moment."
    return "The database refused a statement. Try again in a moment."


async def on_exception(request: Request, _error: Exception) -> Response:
    """Answer anything else without a word about what went wrong inside."""
    return render(Unexpected(), request.scope)


HANDLERS = {
    Problem: on_problem,
    DomainError: on_domain_error,
    HTTPException: on_http_exception,
    TenantNotBound: on_unbound_tenant,
    DatabaseError: on_database_error,
    Exception: on_exception,
}
