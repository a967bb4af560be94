"""What this service calls its tenants."""

from __future__ import annotations

from monitor.tenancy.naming import TenantNaming

NAMING = TenantNaming("clinic", "clinics")
