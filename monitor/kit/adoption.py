"""What a service tells the kit about itself, as one value."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.cache.expiry import Zone, utc
from monitor.cache.policy import CachePolicy
from monitor.database.database_settings import TENANT_COLUMN, PoolSettings
from monitor.objectives import Objectives
from monitor.tenancy.naming import TenantNaming
from monitor.tenancy.resolver import TenantResolver

if TYPE_CHECKING:  # the rooms that ask for these load the web layer
    from monitor.metrics.catalogue import Metric
    from monitor.middleware.cached_route import CachedRoute
    from monitor.middleware.tenant import Refusal
    from monitor.operations.cache_warming_endpoint import WarmList


@dataclass(frozen=True, slots=True)
class Adoption:
    """How a service uses the kit.

    Attributes:
        resolver: Turns an `Authorization` header into an identity.
        naming: What the service calls its tenants, on pages, in JSON and in logs; its keys are made
            with `make_key(..., prefix=naming.key_prefix)`.
        policies: How each cached domain is cached.
        cached: The routes whose GETs may be cached.
        public: Paths that need no credentials, beside the kit's own probes.
        database_url: The database whose writes the cache follows; None for a service that
            calls `cache.refresh` itself.
        tenant_column: The name of the column that holds the tenant, in every table that has one;
            a statement that reaches such a table without the tenant filter is refused.
        pool: Sizes of the database's pool.
        refusal: Makes the answer to a request without valid credentials.
        warmed: Lists what a tenant, or each one (None), asks for first; None: nothing is warmed. It
            needs a database.
        warming_role: The role as which what is warmed is asked for; it must be let read that.
        zone: A tenant's time zone, for policies that refresh daily.
        objectives: What the service promises.
        metrics: Metrics of the service's own beside the kit's; `monitor.measurements.columns` has
            their handles, and all workers' counts are exposed together.
        console_keys: Secrets of at least 32 bytes that seal the console's sessions, the same in
            every worker; the first one seals, all of them open. Empty: one is drawn at the start,
            which serves a single worker.
        log_fields: Fields of the service's own log lines, beside the kit's; any other is dropped.
    """

    resolver: TenantResolver
    naming: TenantNaming = field(default_factory=TenantNaming)
    policies: Sequence[CachePolicy] = ()
    cached: Sequence[CachedRoute] = ()
    public: Collection[str] = ()
    database_url: str | None = None
    tenant_column: str = TENANT_COLUMN
    pool: PoolSettings = field(default_factory=PoolSettings)
    refusal: Refusal | None = None
    warmed: WarmList | None = None
    warming_role: str = "monitor"
    zone: Zone = utc
    objectives: Objectives = field(default_factory=Objectives)
    metrics: Sequence[Metric] = ()
    console_keys: Sequence[bytes] = field(default=(), repr=False)
    log_fields: Collection[str] = ()
