"""Optimistic concurrency: the entity tag of a version, and what `If-Match` asks of it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b

from app.problems import PreconditionFailed
from monitor.tenancy.context import current

# Part of every tag: change it when a representation changes, so that no client keeps an older one.
_REVISION = 1
_TAG = re.compile(r'(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e\x80-\xff]*")')


def entity_tag(domain: str, entity: int, version: int, *shown: Hashable) -> str:
    """Return the strong entity tag of one version of an entity of the bound tenant.

    Args:
        domain: The entity's domain.
        entity: Its id.
        version: Its version.
        shown: What its representation shows of other entities, which change without it.

    Raises:
        TenantNotBound: No tenant is bound.
    """
    told = repr((_REVISION, int(current()), domain, entity, version, *shown))
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

    def require(self, tag: str) -> None:
        """Check that the current version is one the caller may change.

        Raises:
            PreconditionFailed: It is not.
        """
        if self.tags is not None and tag not in self.tags:
            raise PreconditionFailed


ANY_VERSION = Precondition()
