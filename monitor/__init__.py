"""An observability kit for ASGI services with many tenants.

Tenant-isolated caching that never serves what a write replaced, per-tenant
histograms and counters for Prometheus, OpenTelemetry spans around every cache
and database call, health, alert rules and dashboards. `monitor.kit.monitor` joins
the rooms; each room can be used alone.
"""

__version__ = "0.1.0"
