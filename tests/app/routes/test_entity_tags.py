"""Entity tags tell versions apart, and `If-Match` asks for exactly one of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.routes.entity_tags import Precondition, entity_tag
from app.services.versions import Version
from monitor.errors import TenantNotBound
from monitor.tenancy.context import bind

WHAT = st.tuples(
    st.integers(1, 9),
    st.sampled_from(["contacts", "appointments"]),
    st.integers(1, 99),
    st.integers(1, 99),
    st.text(max_size=3),
)


def tag(clinic: int, domain: str, entity: int, version: int, *shown: str) -> str:
    with bind(clinic):
        return entity_tag(Version(domain, entity, version, shown))


@given(one=WHAT, other=WHAT)
def test_a_tag_stands_for_one_version_of_one_entity(
    one: tuple[int, str, int, int, str], other: tuple[int, str, int, int, str]
) -> None:
    """Tags are equal only where clinic, domain, id, version and what is shown are."""
    assert (one == other) is (tag(*one) == tag(*other))


def test_a_tag_needs_a_bound_clinic() -> None:
    """No clinic, no tag."""
    with pytest.raises(TenantNotBound):
        entity_tag(Version("contacts", 1, 1))


def test_a_tag_is_strong_and_quoted() -> None:
    """A tag reads as RFC 9110 writes it, and a header that holds it is read back."""
    own = tag(1, "contacts", 1, 1)

    assert own.startswith('"')
    assert frozenset({own}) == Precondition.parse(own).tags


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"a"', {'"a"'}),
        ('"a", "b" ,"c"', {'"a"', '"b"', '"c"'}),
        ('W/"a", "b"', {'"b"'}),
        ('W/"a"', set()),
        ("", set()),
        ("a", set()),
        ('""', {'""'}),
    ],
)
def test_if_match_is_read_as_a_list_of_strong_tags(header: str, tags: set[str]) -> None:
    """Weak tags never match; what is no tag names no version."""
    assert frozenset(tags) == Precondition.parse(header).tags


def test_a_precondition_holds_for_the_versions_it_names() -> None:
    """Any of the named versions will do, `*` takes whatever there is, and nothing else passes."""
    version = Version("contacts", 1, 3)
    with bind(1):
        own, older = entity_tag(version), entity_tag(version._replace(number=2))

        assert Precondition.parse(f'"a", {own}').allows(version)
        assert Precondition.parse(" * ").allows(version)
        assert not Precondition.parse(older).allows(version)
        assert not Precondition.parse("").allows(version)
