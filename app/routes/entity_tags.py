"""Versions as HTTP tells them: the entity tag, and what `If-Match` asks of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from app.services.versions import Version
from monitor.tenancy.context import current_tenant

# Part of every tag: change it when a representation changes, so that no client keeps an older one.
_REVISION = 1
_TAG = re.compile(r'(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e\x80-\xff]*")')


def entity_tag(version: Version) -> str:
    """Return the strong entity tag of one version of an entity of the bound tenant.

    Raises:
        TenantNotBound: No tenant is bound.
    """
    told = repr(
        (_REVISION, int(current_tenant()), version.domain, version.entity, version.number, *version.shown)
    )
    return f'"{blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Precondition:
    """What `If-Match` asks for (RFC 9110, 13.1.1).

    Attributes:
        tags: The versions that may be changed; None: any.
    """

    tags: frozenset[str] | None = None

    @classmethod
    def parse(cls, header: str) -> Precondition:
        """Read the header's value; weak tags never match, as the comparison is strong."""
        if header.strip() == "*":
            return cls()
        return cls(frozenset(found["tag"] for found in _TAG.finditer(header) if not found["weak"]))

    def allows(self, version: Version) -> bool:
        """Say whether `version` may be changed."""
        return self.tags is None or entity_tag(version) in self.tags
