"""Optimistic concurrency: which version a thing has, and which one a caller means to change."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from app.errors import Outdated


class Version(NamedTuple):
    """One version of one entity of the bound tenant.

    Attributes:
        domain: The entity's domain.
        entity: Its id.
        number: Counts its changes, from 1.
        shown: What is shown with it of other entities, which change without it.
    """

    domain: str
    entity: int
    number: int
    shown: tuple[Hashable, ...] = ()

    def require(self, expected: Expectation) -> None:
        """Check that this is a version that the caller may change.

        Raises:
            Outdated: It is not.
        """
        if not expected.allows(self):
            raise Outdated(self.domain, self.number)


class Expectation(Protocol):
    """Which versions a caller means to change."""

    def allows(self, version: Version, /) -> bool:
        """Say whether `version` is one of them."""
        ...


class _Any:
    def allows(self, _version: Version) -> bool:
        return True


ANY_VERSION: Expectation = _Any()
