"""Any value becomes something that JSON can say, and nothing of it is called."""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from typing import Any, NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.plain_values import name_of, plain


class Word(StrEnum):
    """A word of the code."""

    HIT = "hit"


class Number(IntEnum):
    """A number of the code."""

    ONE = 1


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary()))
def test_any_plain_value_can_be_written(value: object) -> None:
    """What comes out is valid JSON, and the value itself wherever it is said to be."""
    told, whole = plain(value)

    again = json.loads(msgspec.json.encode(told))
    assert not whole or again == (value[:512] if isinstance(value, str) else value)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a\udcff.pdf", "a\\udcff.pdf"),
        (b"Ann Smith", "bytes"),
        ({"name": "Ann Smith"}, "dict"),
        (2**63, "int"),
        (-(2**64), "int"),
        (float("nan"), "float"),
        (float("inf"), "float"),
        (ValueError("Ann Smith"), "ValueError"),
    ],
)
def test_what_json_cannot_say_is_told_by_its_type(value: object, told: str) -> None:
    """Bytes, containers, numbers that readers lose; a lone surrogate is escaped."""
    assert plain(value) == (told, False)


def test_no_method_of_a_value_is_called() -> None:
    """A text whose every method raises is written all the same."""

    def refuse(*_: Any) -> NoReturn:
        raise SystemExit

    names = ("__str__", "__repr__", "__getitem__", "__len__", "__eq__", "__hash__", "__format__", "encode")
    hostile = type("Hostile", (str,), dict.fromkeys(names, refuse))

    told, whole = plain(hostile("as it is"))

    assert (told, whole, type(told)) == ("as it is", True, str)


def test_words_and_numbers_of_the_code_are_plain() -> None:
    """Enumerations are told by their value."""
    assert plain(Word.HIT) == ("hit", True)
    assert plain(Number.ONE) == (1, True)
    assert plain("x" * 600) == ("x" * 512, True)


def test_a_type_is_named_whatever_its_metaclass_says() -> None:
    """A metaclass may refuse every question."""

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise RuntimeError(name)

    assert name_of(Meta("Hidden", (), {})) == "Hidden"
