"""The one place that makes cache keys, logical and physical.

A logical key reads `tenant_1:contacts:list:page_1`. Parts are escaped so that no part can
hold a delimiter: two different (tenant, domain, parts) never make the same key. Physical
keys put tenant and domain into a hash tag, so that a value and the generations it depends
on share a slot on Redis Cluster. What stands before the tenant's id is the service's noun for it,
as `TenantNaming.key_prefix` says.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from monitor.errors import CrossTenantAccess, InvalidCacheKey
from monitor.scopes import CacheScope
from monitor.tenancy.context import current_tenant
from monitor.tenancy.identity import TenantId
from monitor.tenancy.naming import TenantNaming

_PLAIN = re.compile(r"[A-Za-z0-9._-]+\Z")
_DOMAIN = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
_MAX_PART = 96
_RESERVED = frozenset({"gen", "lock"})  # first parts of the generations' and load leases' own physical keys
TENANT_PREFIX = TenantNaming().key_prefix


class CacheKey(str):
    """A logical key that remembers what it was made of.

    Attributes:
        tenant: Whose entry it names.
        domain: The domain, such as `contacts`.
        entity: The entity it shows; None for lists and summaries.
        prefix: What stands before the tenant's id.
        tail: What follows tenant and domain.
        encoded: The key itself as bytes; entries are sealed for it.
        physical: The key the value is stored under.
        generation_keys: The generations the entry depends on: its own level's and the domain's bulk one.
        read_keys: The generations and the value: what one lookup reads in one round trip.
    """

    __slots__ = (
        "domain", "encoded", "entity", "generation_keys", "physical", "prefix", "read_keys", "tail", "tenant"
    )  # fmt: skip
    tenant: TenantId
    domain: str
    entity: str | None
    prefix: str
    tail: str
    encoded: bytes
    physical: str
    generation_keys: tuple[str, str]
    read_keys: tuple[str, str, str]

    def require_bound(self) -> None:
        """Check that the key belongs to the tenant in context.

        Raises:
            TenantNotBound: No tenant is bound.
            CrossTenantAccess: Another tenant is.
        """
        self.require(current_tenant())

    def require(self, tenant: int) -> None:
        """Check that the key belongs to `tenant`.

        Raises:
            CrossTenantAccess: It belongs to another.
        """
        if tenant != self.tenant:
            raise CrossTenantAccess(tenant, self.tenant)


def make_key(
    tenant: int, domain: str, *parts: str, entity: object = None, prefix: str = TENANT_PREFIX
) -> CacheKey:
    """Make a key from its parts.

    Args:
        tenant: The tenant's id.
        domain: A lower-case word.
        parts: What the entry shows, such as `list`, `page_1`; escaped where needed.
        entity: The entity shown, if it is one; it must then be among the parts as well.
        prefix: `TenantNaming.key_prefix` of the service; the cache refuses keys of any other.

    Raises:
        InvalidTenantId: `tenant` is not a tenant id.
        InvalidCacheKey: The domain is not a plain word, or there is no part.
    """
    owner = TenantId(tenant)
    if not _DOMAIN.match(domain):
        raise InvalidCacheKey("the domain must be a lower-case word of at most 48 characters")
    if not parts or parts[0] in _RESERVED:
        raise InvalidCacheKey(
            "at least one part must follow the domain, and the first is neither `gen` nor `lock`"
        )
    tail = ":".join(map(_escaped, parts))
    key = CacheKey(f"{prefix}{int(owner)}:{domain}:{tail}")
    key.tenant, key.domain, key.tail, key.encoded = owner, domain, tail, key.encode()
    key.prefix = prefix
    key.entity = None if entity is None else _escaped(str(entity))
    tag = hash_tag(owner, domain, prefix)
    own = f"{tag}:gen" if key.entity is None else f"{tag}:gen:{key.entity}"
    key.physical, key.generation_keys = f"{tag}:{tail}", (own, f"{tag}:gen:*")
    key.read_keys = (*key.generation_keys, key.physical)
    return key


def variant_of(key: CacheKey, chosen_by: bytes) -> CacheKey:
    """Return the key of another answer to the same request, chosen by headers with these values.

    It depends on the same generations, so that whatever makes one of them stale does it to all.
    """
    # No part that `make_key` makes begins so: an escaped one goes on with a hexadecimal digit.
    part = f":~v{blake2b(chosen_by, digest_size=16).hexdigest()}"
    other = CacheKey(key + part)
    other.tenant, other.domain, other.entity, other.prefix = key.tenant, key.domain, key.entity, key.prefix
    other.tail, other.encoded, other.physical = key.tail + part, other.encode(), key.physical + part
    other.generation_keys = key.generation_keys
    other.read_keys = (*key.generation_keys, other.physical)
    return other


def scope_of(key: CacheKey) -> CacheScope:
    """Return what to make stale so that nothing stored under `key` is served again."""
    # An entity that was escaped is not known any more: then the whole domain.
    entity = None if key.entity is None or key.entity.startswith("~") else key.entity
    return CacheScope(key.tenant, key.domain, entity)


def generation_keys(
    tenant: int, domain: str, entity: str | None, prefix: str = TENANT_PREFIX
) -> tuple[str, ...]:
    """Return the generations that a write to the scope replaces: list and entity, or all of the domain's."""
    tag = hash_tag(tenant, domain, prefix)
    if entity is None:
        return (f"{tag}:gen", f"{tag}:gen:*")
    return (f"{tag}:gen", f"{tag}:gen:{_escaped(entity)}")


def hash_tag(tenant: int, domain: str, prefix: str = TENANT_PREFIX) -> str:
    """Return the hash tag that puts a tenant's domain on one cluster slot."""
    return f"{{{prefix}{int(tenant)}:{domain}}}"


def digest(text: str) -> str:
    """Return a short, stable stand-in for free text, which may be personal and must not stand in a key."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _escaped(part: str) -> str:
    # "~" is outside the plain alphabet, so an escaped part never equals a plain one.
    if _PLAIN.match(part) and len(part) <= _MAX_PART:
        return part
    return f"~{digest(part)}"
