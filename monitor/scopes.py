"""What a write makes stale: the word that the database and the cache share."""

from __future__ import annotations

from typing import NamedTuple

from monitor.tenancy.identity import TenantId


class CacheScope(NamedTuple):
    """The entries that one write makes stale.

    Attributes:
        tenant: Whose entries.
        domain: Which of them, such as `contacts`.
        entity: The one entity that changed. Its details and every list of the domain are
            stale. None: the whole domain, details included.
    """

    tenant: TenantId
    domain: str
    entity: str | None = None
