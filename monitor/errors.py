"""Every exception the kit raises on purpose.

MonitorError
├── ConfigurationError        a setting is missing or wrong; says which and what to do
├── TenancyError
│   ├── InvalidTenantId       not a positive integer
│   ├── TenantNotBound        tenant data was asked for outside a bound tenant
│   └── CrossTenantAccess     a key or row of one tenant, asked for under another
├── UndeclaredMetric          a metric that the catalogue does not have, or has otherwise
├── BrokenAnswer              the application failed in the middle of its answer
├── IncompleteAnswer          the application returned without the last byte of its answer
├── AuthenticationError       the credentials are missing, expired or forged
├── CacheError
│   ├── InvalidCacheKey       a key part that cannot be made into a key
│   ├── StoreUnavailable      the store failed, timed out or is cut off by the breaker
│   └── EntryRejected         stored bytes that do not open: forged, swapped, truncated, outdated
└── DatabaseError
    ├── UnscopedStatement     a statement on tenant data without the tenant filter
    │   └── UndeclaredTable   a table that is declared neither as the tenants' nor as shared
    ├── PoolExhausted         no database connection became free in time
    └── StatementFailed       the database refused or lost a statement
        ├── ConstraintViolated  a row collides with a key or another constraint
        └── ConnectionLost      the database is out of reach, or went away during a statement
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


class MonitorError(Exception):
    """Base of the kit's exceptions."""


class ConfigurationError(MonitorError):
    """A setting is missing or wrong.

    Args:
        variable: Name of the environment variable or argument.
        problem: What is wrong and what would be right, in one line.
    """

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable}: {problem}")
        self.variable = variable
        self.problem = problem


class TenancyError(MonitorError):
    """Base of the tenancy errors."""


class InvalidTenantId(TenancyError):
    """A tenant id is not a positive integer."""

    def __init__(self, value: object) -> None:
        super().__init__("a tenant id is a positive integer below 2**63")
        self.value = value


class TenantNotBound(TenancyError):
    """Tenant data was asked for where no tenant is bound."""

    def __init__(self) -> None:
        super().__init__("no tenant is bound: use `with bind(tenant):` or the tenant middleware")


class CrossTenantAccess(TenancyError):
    """Something of one tenant was asked for under another."""

    def __init__(self, bound: int, requested: int) -> None:
        super().__init__(f"tenant {bound} is bound, data of another tenant was asked for")
        self.bound = bound
        self.requested = requested


class AuthenticationError(MonitorError):
    """Credentials are missing, expired or forged.

    Args:
        reason: A bounded word for logs and metrics, such as `expired` or `malformed`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"authentication failed: {reason}")
        self.reason = reason


class UndeclaredMetric(MonitorError):
    """An instrument was asked for that the catalogue does not have, or has otherwise."""

    def __init__(self, metric: str) -> None:
        super().__init__(f"{metric} is not in the catalogue with that type and those labels")
        self.metric = metric


class BrokenAnswer(MonitorError):
    """The application behind a middleware failed, or returned, with its answer half sent.

    What it had sent is passed on, and then its connection breaks off, as it would have without us.

    Args:
        start: The ASGI message that begins the answer.
        part: The one with what came of its body.
        failure: What the application raised; None: it returned.
    """

    def __init__(
        self, start: MutableMapping[str, Any], part: MutableMapping[str, Any], failure: BaseException | None
    ) -> None:
        super().__init__("the answer broke off")
        self.start = start
        self.part = part
        self.failure = failure


class IncompleteAnswer(MonitorError):
    """The application behind a middleware returned without the last byte of its answer."""

    def __init__(self) -> None:
        super().__init__("the application returned without a complete answer")


class CacheError(MonitorError):
    """Base of the cache errors. None of them ever reaches a client of the service."""


class InvalidCacheKey(CacheError):
    """A key part cannot be made into a key.

    The part itself may be personal data, so neither the message nor the attributes hold it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot make a cache key: {reason}")
        self.reason = reason


class StoreUnavailable(CacheError):
    """The store failed, timed out or is cut off by the breaker.

    Args:
        operation: The store operation, such as `get` or `set`.
        reason: A bounded word: `timeout`, `connection`, `breaker_open`, `protocol`, `busy`, `moved`,
            `refused`, `incarnation`, `login`, `tls`.
        detail: What an operator should know of it, in words of our own; None where the reason says all.
    """

    def __init__(self, operation: str, reason: str, detail: str | None = None) -> None:
        super().__init__(f"the cache store failed at {operation}: {reason}{f' ({detail})' if detail else ''}")
        self.operation = operation
        self.reason = reason
        self.detail = detail


class EntryRejected(CacheError):
    """Stored bytes do not open under the tenant, domain, key and generations they were asked for.

    Args:
        reason: A bounded word: `forged`, `format`, `key_unknown`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"a cache entry was rejected: {reason}")
        self.reason = reason


class DatabaseError(MonitorError):
    """Base of the database errors."""


class UnscopedStatement(DatabaseError):
    """A statement on tenant data was about to run without the tenant filter."""

    def __init__(self, table: str) -> None:
        super().__init__(f"a statement on {table} carries no tenant filter: build it with database.scope")
        self.table = table


class UndeclaredTable(UnscopedStatement):
    """A statement names a table of which nobody has said whose rows it holds."""

    def __init__(self, table: str) -> None:
        MonitorError.__init__(
            self,
            f"{table} is declared neither as the tenants' nor as shared:"
            " say `scope.scoped(table, column)` or `scope.shared(table)` where it is described",
        )
        self.table = table


class PoolExhausted(DatabaseError):
    """No database connection became free in time.

    Args:
        waited_s: How long the caller waited, in seconds.
    """

    def __init__(self, waited_s: float) -> None:
        super().__init__(f"no database connection became free within {waited_s:.1f} s")
        self.waited_s = waited_s


class StatementFailed(DatabaseError):
    """The database refused or lost a statement.

    The driver's own message may quote values of the row, so it is neither kept nor chained.

    Args:
        summary: The statement's `db.query.summary`, such as `INSERT contacts`.
        error_type: Class of the driver's exception.
        status_code: The database's own code (SQLSTATE), or None.
    """

    def __init__(self, summary: str, error_type: str, status_code: str | None = None) -> None:
        super().__init__(f"{summary} failed: {error_type}" + (f" ({status_code})" if status_code else ""))
        self.summary = summary
        self.error_type = error_type
        self.status_code = status_code


class ConstraintViolated(StatementFailed):
    """A row collides with a key or another constraint."""


class ConnectionLost(StatementFailed):
    """The database is out of reach, or went away during a statement."""


def error_type_of(failure: BaseException) -> str:
    """Return the class of a failure for metrics and spans: what broke an answer off, not the break."""
    if isinstance(failure, BrokenAnswer):
        return "incomplete_answer" if failure.failure is None else error_type_of(failure.failure)
    return type(failure).__qualname__
