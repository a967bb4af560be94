"""A change names the versions that it may meet."""

from __future__ import annotations

import pytest

from app.errors import Outdated
from app.services.versions import ANY_VERSION, Version


class Only:
    """Expects one version."""

    def __init__(self, number: int) -> None:
        self._number = number

    def allows(self, version: Version) -> bool:
        return version.number == self._number


def test_a_version_that_the_caller_knows_may_be_changed() -> None:
    """The expected version passes, and so does every one where any will do."""
    Version("contacts", 1, 3).require(Only(3))
    Version("contacts", 1, 3).require(ANY_VERSION)


def test_another_version_is_outdated() -> None:
    """The error says which domain and which version stands there now."""
    with pytest.raises(Outdated) as refused:
        Version("contacts", 1, 3).require(Only(2))

    assert (refused.value.domain, refused.value.version) == ("contacts", 3)
