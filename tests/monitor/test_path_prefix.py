"""A prefix is a path of plain segments, in one form."""

from __future__ import annotations

import pytest

from monitor.errors import ConfigurationError
from monitor.path_prefix import is_prefix, prefix_of


@pytest.mark.parametrize(
    ("given", "prefix"), [("", ""), ("/", ""), ("/clinic", "/clinic"), (" /a/b-c_d~e.f/ ", "/a/b-c_d~e.f")]
)
def test_a_prefix_has_one_form(given: str, prefix: str) -> None:
    """A slash in front, none behind; nothing for the root."""
    assert prefix_of(given) == prefix


@pytest.mark.parametrize("given", ["clinic", "//elsewhere.example", "/a//b", "/a/../b", "/a b", "/a?b", "/é"])
def test_what_is_no_prefix_is_refused(given: str) -> None:
    """A typo, a host or a step upwards is named at the start."""
    assert not is_prefix(given)
    with pytest.raises(ConfigurationError):
        prefix_of(given)
