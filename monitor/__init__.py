"""An observability kit for ASGI services with many tenants.

Tenant-isolated caching that never serves what a write replaced, per-tenant
histograms and counters for Prometheus, OpenTelemetry spans around every cache
and database call, health, alert rules and dashboards.

This is the public door: what `__all__` names stays where it is, everything below
is private and may move. A name is loaded when it is asked for (PEP 562), so that
`import monitor` loads nothing and a service pays for what it uses.
"""

TYPE_CHECKING = False  # what `typing` has under this name, without loading `typing`
if TYPE_CHECKING:
    from monitor.cache.keys import make_key as make_key
    from monitor.cache.policy import CachePolicy as CachePolicy
    from monitor.database import scope as scope
    from monitor.database.database_settings import PoolSettings as PoolSettings
    from monitor.definitions.deployment import Deployment as Deployment
    from monitor.errors import AuthenticationError as AuthenticationError
    from monitor.errors import ConfigurationError as ConfigurationError
    from monitor.errors import MonitorError as MonitorError
    from monitor.errors import TenantNotBound as TenantNotBound
    from monitor.garbage import spare_what_lasts as spare_what_lasts
    from monitor.kit.adoption import Adoption as Adoption
    from monitor.kit.build_monitor import build_monitor as build_monitor
    from monitor.kit.monitor import Monitor as Monitor
    from monitor.metrics.catalogue import Kind as Kind
    from monitor.metrics.catalogue import Metric as Metric
    from monitor.middleware.cached_route import CachedRoute as CachedRoute
    from monitor.objectives import Objectives as Objectives
    from monitor.scopes import CacheScope as CacheScope
    from monitor.settings import CacheSettings as CacheSettings
    from monitor.settings import MonitorSettings as MonitorSettings
    from monitor.tenancy.context import bind as bind
    from monitor.tenancy.context import current_tenant as current_tenant
    from monitor.tenancy.identity import Identity as Identity
    from monitor.tenancy.identity import TenantId as TenantId
    from monitor.tenancy.naming import TenantNaming as TenantNaming
    from monitor.tenancy.resolver import TenantResolver as TenantResolver

__version__ = "0.1.0"

__all__ = [
    "Adoption",
    "AuthenticationError",
    "CachePolicy",
    "CacheScope",
    "CacheSettings",
    "CachedRoute",
    "ConfigurationError",
    "Deployment",
    "Identity",
    "Kind",
    "Metric",
    "Monitor",
    "MonitorError",
    "MonitorSettings",
    "Objectives",
    "PoolSettings",
    "TenantId",
    "TenantNaming",
    "TenantNotBound",
    "TenantResolver",
    "bind",
    "build_monitor",
    "current_tenant",
    "make_key",
    "scope",
    "spare_what_lasts",
]

if not TYPE_CHECKING:  # a checker that saw `__getattr__` would take any name for one of ours
    # Where each name lives, as an entry point is written; `docs/api.md` keeps this order.
    _HOMES = {
        "build_monitor": "monitor.kit.build_monitor:build_monitor",
        "Monitor": "monitor.kit.monitor:Monitor",
        "MonitorSettings": "monitor.settings:MonitorSettings",
        "CacheSettings": "monitor.settings:CacheSettings",
        "Adoption": "monitor.kit.adoption:Adoption",
        "CachePolicy": "monitor.cache.policy:CachePolicy",
        "CachedRoute": "monitor.middleware.cached_route:CachedRoute",
        "make_key": "monitor.cache.keys:make_key",
        "CacheScope": "monitor.scopes:CacheScope",
        "TenantId": "monitor.tenancy.identity:TenantId",
        "Identity": "monitor.tenancy.identity:Identity",
        "TenantResolver": "monitor.tenancy.resolver:TenantResolver",
        "TenantNaming": "monitor.tenancy.naming:TenantNaming",
        "bind": "monitor.tenancy.context:bind",
        "current_tenant": "monitor.tenancy.context:current_tenant",
        "PoolSettings": "monitor.database.database_settings:PoolSettings",
        "scope": "monitor.database.scope:",
        "Objectives": "monitor.objectives:Objectives",
        "Metric": "monitor.metrics.catalogue:Metric",
        "Kind": "monitor.metrics.catalogue:Kind",
        "Deployment": "monitor.definitions.deployment:Deployment",
        "spare_what_lasts": "monitor.garbage:spare_what_lasts",
        "MonitorError": "monitor.errors:MonitorError",
        "ConfigurationError": "monitor.errors:ConfigurationError",
        "AuthenticationError": "monitor.errors:AuthenticationError",
        "TenantNotBound": "monitor.errors:TenantNotBound",
    }

    def __getattr__(name: str) -> object:
        """Load a public name from the room it lives in, once."""
        if name not in _HOMES:
            raise AttributeError(f"module 'monitor' has no attribute {name!r}; docs/api.md lists what it has")
        from pkgutil import resolve_name  # noqa: PLC0415 - `import monitor` loads nothing

        from monitor.extras import needed_for  # noqa: PLC0415 - the same

        with needed_for(f"monitor.{name}", "database"):  # the only extra that a name of the door wants
            value = globals()[name] = resolve_name(_HOMES[name])
        return value

    def __dir__() -> list[str]:
        """List the public names, loaded or not."""
        return [*__all__, "__version__"]
