"""Text is folded alike wherever it is stored or asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.folding import digits_of, folded, search_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("José", "jose"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("Åsa  Ö.\t", "asa o."),
        ("  ", ""),
        ("İ", "i"),
    ],
)
def test_case_accents_and_needless_spaces_fall_away(text: str, plain: str) -> None:
    """What a person would call the same name is one text."""
    assert plain == folded(text)


@given(text=st.text())
def test_folded_text_stays_as_it_is(text: str) -> None:
    """Folding twice is folding once."""
    assert folded(folded(text)) == folded(text)


@given(before=st.text(), text=st.text(), after=st.text())
def test_a_word_is_found_in_the_text_it_stands_in(before: str, text: str, after: str) -> None:
    """What is folded alone is part of what is folded whole, where spaces part them."""
    assert folded(text) in folded(f"{before} {text} {after}")


def test_a_contact_is_found_by_number_with_and_without_spaces() -> None:
    """The search text holds the telephone number as it is written and its digits alone."""
    text = search_text("Ana", "+351 210-000", "Ana@Example.org")

    assert ["ana", "ana@example.org", "+351 210-000", "351210000"] == text.splitlines()
    assert "" == digits_of("none")
