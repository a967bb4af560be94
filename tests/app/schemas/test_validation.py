"""Bodies and queries become structs, or a list of everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from app.errors import BrokenRule
from app.problems import Invalid, MalformedBody
from app.schemas.appointments import AppointmentQuery
from app.schemas.contacts import ContactContent, ContactQuery
from app.schemas.pages import parameters_of
from app.schemas.validation import decode, parse_query

Shape = TypeVar("Shape")


class Part(Struct, forbid_unknown_fields=True):
    """Something inside."""

    size: Annotated[int, Meta(ge=1, le=9)]


class Whole(Struct, rename="camel", forbid_unknown_fields=True):
    """Something with every kind of field."""

    first_name: Annotated[str, Meta(min_length=2, max_length=3)]
    share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    active: bool = False
    parts: list[Part] = []
    names: dict[str, int] = {}
    born: date | None = None

    def __post_init__(self) -> None:
        if self.active and not self.parts:
            raise BrokenRule("parts", "must hold one where active")


def outcome_of(parse: Callable[[], Shape]) -> Shape | Invalid:
    try:
        return parse()
    except Invalid as refused:
        return refused


def errors_of(body: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        decode(msgspec.json.encode(body), Whole)
    return {error.field: error.message for error in refused.value.errors}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"/firstName": "is required"}),
        ({"firstName": "a"}, {"/firstName": "must hold at least 2"}),
        ({"firstName": ""}, {"/firstName": "must hold at least 2"}),
        ({"firstName": "abcd"}, {"/firstName": "must hold at most 3"}),
        ({"firstName": 1}, {"/firstName": "must be a text"}),
        ({"firstName": "ab", "share": 2}, {"/share": "must be 1.0 or less"}),
        ({"firstName": "ab", "share": "1"}, {"/share": "must be a number"}),
        ({"firstName": "ab", "active": 1}, {"/active": "must be true or false"}),
        ({"firstName": "ab", "parts": {}}, {"/parts": "must be a list"}),
        ({"firstName": "ab", "parts": [{"size": 1}, {"size": 10}]}, {"/parts/1/size": "must be 9 or less"}),
        ({"firstName": "ab", "parts": [{}]}, {"/parts/0": "is not valid"}),
        ({"firstName": "ab", "names": {"x": "y"}}, {"/names/...": "must be a whole number"}),
        ({"firstName": "ab", "names": []}, {"/names": "must be an object"}),
        ({"firstName": "ab", "born": "1.1.1980"}, {"/born": "must be a date such as 2025-06-17"}),
        ({"firstName": "ab", "born": 5}, {"/born": "must be a date such as 2025-06-17"}),
        ({"firstName": "ab", "active": True}, {"/parts": "must hold one where active"}),
        (
            {"first_name": "ab", "other": 1},
            {
                "/firstName": "is required",
                "/first_name": "is not a field here",
                "/other": "is not a field here",
            },
        ),
        ([], {"": "must be an object"}),
        ("text", {"": "must be an object"}),
    ],
)
def test_everything_that_is_wrong_is_named(body: object, errors: dict[str, str]) -> None:
    """Each broken field is named by its JSON pointer, with what would be right."""
    assert errors == errors_of(body)


@given(
    body=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text(max_size=9) | st.sampled_from(["name", "email", "phone", "notes"]), inner, max_size=4
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_becomes_a_contact_or_a_list_of_errors(body: object) -> None:
    """No JSON whatever is met with anything but a struct or named errors."""
    data = msgspec.json.encode(body)

    outcome = outcome_of(lambda: decode(data, ContactContent))

    assert bool(outcome.errors) if isinstance(outcome, Invalid) else bool(outcome.name.strip())


@given(data=st.binary(max_size=60))
def test_any_bytes_become_a_contact_or_a_problem(data: bytes) -> None:
    """No bytes whatever raise anything but the two problems of a body."""
    try:
        content = decode(data, ContactContent)
    except (Invalid, MalformedBody):
        return
    assert content.name.strip()


@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["page", "pageSize", "q", "x"]) | st.text(max_size=5), st.text(max_size=20)
        ),
        max_size=4,
    )
)
def test_any_query_becomes_a_canonical_one_or_a_list_of_errors(pairs: list[tuple[str, str]]) -> None:
    """A query is refused by parameter, or its canonical parameters make the same query again."""
    outcome = outcome_of(lambda: parse_query(pairs, ContactQuery))

    if isinstance(outcome, Invalid):
        assert outcome.errors
    else:
        assert outcome == parse_query(list(parameters_of(outcome).items()), ContactQuery)


def test_queries_that_mean_the_same_are_equal() -> None:
    """Order, case, accents, spaces, defaults and sizes over the greatest make no difference."""
    spellings = (
        [("q", "  ANA  Reis"), ("pageSize", "1000")],
        [("pageSize", "100"), ("q", "ana reis"), ("page", "1")],
        [("page", "1"), ("q", "Aná Reis"), ("pageSize", "100")],
    )

    first, *others = (parse_query(pairs, ContactQuery) for pairs in spellings)

    assert [first, first] == others
    assert {"q": "ana reis", "pageSize": "100"} == parameters_of(first)


def test_filters_are_told_by_the_names_they_are_asked_with() -> None:
    """Parameters come back as texts under their own names."""
    pairs = [("date", "2025-06-17"), ("status", "no_show"), ("contactId", "3"), ("page", "2")]

    assert dict(pairs) == parameters_of(parse_query(pairs, AppointmentQuery))
