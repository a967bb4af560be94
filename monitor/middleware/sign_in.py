"""Who is asking, settled once for each request."""

from __future__ import annotations

from starlette.types import Scope

from monitor.errors import AuthenticationError, InvalidTenantId
from monitor.middleware.request import RequestRecord
from monitor.tenancy.identity import Identity
from monitor.tenancy.resolver import TenantResolver


class SignIn:
    """Asks a resolver for the identity behind a request's credential, and leaves it in the record.

    Args:
        resolver: Turns the `Authorization` header into an identity.
    """

    def __init__(self, resolver: TenantResolver) -> None:
        self._resolve = resolver.resolve

    def settle(self, scope: Scope, record: RequestRecord) -> Identity | AuthenticationError:
        """Return who is asking, or why nobody is known to; asked again, the resolver is not.

        Another sign-in than this one, of an application that this one's is mounted in, settles
        nothing for it.
        """
        if record.sign_in is self and record.settled is not None:
            return record.settled
        record.sign_in = self
        try:
            identity = self._resolve(_authorization(scope, record))
        except AuthenticationError as failure:
            # Without its traceback: it would hold the frames that hold it.
            record.settled = refused = failure.with_traceback(None)
            return refused
        except (InvalidTenantId, ValueError):
            # A credential that names no possible tenant, or no text, number, base64 or JSON (each a
            # ValueError) where the resolver expects one, proves nothing.
            record.settled = refused = AuthenticationError("malformed")
            return refused
        record.settled = record.identity = identity
        record.tenant = identity.tenant
        return identity


def _authorization(scope: Scope, record: RequestRecord) -> bytes:
    if record.headers is not None:
        return record.headers.get(b"authorization", b"")
    return next((value for name, value in scope["headers"] if name == b"authorization"), b"")
