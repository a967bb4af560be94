"""How a request's credentials become an identity."""

from __future__ import annotations

from typing import Protocol

from monitor.tenancy.identity import Identity


class TenantResolver(Protocol):
    """Turns an `Authorization` header into an identity."""

    def resolve(self, authorization: bytes) -> Identity:
        """Return the identity that the header's value proves.

        Raises:
            AuthenticationError: The credential is malformed, expired or forged.
        """
        ...
