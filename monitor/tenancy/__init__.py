"""Who is asking: tenant identities and the tenant bound to the running task."""

from monitor.tenancy.context import bind as bind
from monitor.tenancy.context import bound_tenant as bound_tenant
from monitor.tenancy.context import current as current
from monitor.tenancy.identity import Identity as Identity
from monitor.tenancy.identity import TenantId as TenantId
from monitor.tenancy.resolver import TenantResolver as TenantResolver
