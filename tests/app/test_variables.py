"""Each kind of variable takes what is right and says in one line what would be."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from app.variables import Key, Secret, Variable, keys, networks, number, one_of, switch, url, whole
from monitor.errors import ConfigurationError

RAW = base64.b64encode(bytes(range(32))).decode()
ZEROS = base64.b64encode(bytes(32)).decode()
SHORT = base64.b64encode(b"short").decode()
LONG = base64.b64encode(bytes(range(48))).decode()


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (whole(1, 9), " 3 ", 3),
        (number(0, 1), "0.25", 0.25),
        (number(0, 5_000, 0.001), "50", 0.05),
        (switch, "On", True),
        (switch, "off", False),
        (one_of("a", "b"), "B", "b"),
        (url("redis", "memory"), "memory://", Secret("memory://")),
        (url("http", empty=True), "", Secret("")),
        (keys(exact=True), f"a:{RAW}", (Key("a", bytes(range(32))),)),
        (keys(exact=True), "", ()),
        (networks, "10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")),
        (networks, "", ()),
        (keys(exact=False), f"a:{LONG}, b:{RAW}", (Key("a", bytes(range(48))), Key("b", bytes(range(32))))),
    ],
)
def test_right_texts_are_read(read: Callable[[str], Any], text: str, value: object) -> None:
    """A right text becomes its value, spaces around it aside."""
    assert value == read(text)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (whole(1, 9), "10", "from 1 to 9"),
        (networks, "10.0.0.0/8,proxy.example", "no address"),
        (whole(1, 9), "1.5", "whole number"),
        (whole(1, 9), " ", "whole number"),
        (whole(1, 9), "9" * 5_000, "whole number"),
        (number(0, 1), "1.1", "from 0 to 1"),
        (number(0, 1), "nan", "number"),
        (number(0, 1), "inf", "number"),
        (number(0, 1), "1e0", "number"),
        (switch, "yes", "`on` or `off`"),
        (one_of("a", "b"), "c", "a, b"),
        (url("redis"), "http://x", "redis://"),
        (url("redis"), " ", "redis://"),
        (keys(exact=True), RAW, "id:key"),
        (keys(exact=True), "a:?", "not base64"),
        (keys(exact=True), f"a:{SHORT}", "exactly 32 bytes"),
        (keys(exact=True), f"a:{ZEROS}", "is all zeros"),
        (keys(exact=True), f"a:{LONG}", "exactly 32 bytes"),
        (keys(exact=False), f"a:{SHORT}", "at least 32 bytes"),
        (keys(exact=False), f"a:{RAW},a:{LONG}", "two keys of one id"),
        (keys(exact=False), ",", "no key"),
    ],
)
def test_wrong_texts_are_refused_without_repeating_them(
    read: Callable[[str], Any], text: str, words: str
) -> None:
    """The message says what would be right in one line, and never the value, which may be a secret."""
    variable = Variable("NAME", None, read, "What it is.", "Section")

    with pytest.raises(ConfigurationError) as wrong:
        variable.value(text)

    message = str(wrong.value)
    assert message.startswith("NAME: ")
    assert words in message
    assert "\n" not in message
    assert len(text) < 6 or text not in message


def test_a_variable_without_a_default_must_be_set() -> None:
    """The message of a missing variable explains what it is for."""
    variable = Variable("NAME", None, switch, "What it is.", "Section")

    with pytest.raises(ConfigurationError, match=r"NAME: is not set\. What it is\."):
        variable.value(None)


def test_an_empty_variable_is_an_unset_one() -> None:
    """Compose files hand on empty texts for what is not set."""
    assert Variable("NAME", "off", switch, "", "").value("") is False


def test_secrets_do_not_show() -> None:
    """Neither representation nor formatting of a secret holds its value."""
    secret, key = Secret("hunter2"), Key("a", b"hunter2" * 5)

    assert "hunter2" == secret.reveal()
    assert not any(
        "hunter2" in text for text in (repr(secret), str(secret), f"{secret}", repr(key), str([key]))
    )
    assert (Secret("a") == Secret("a"), Secret("a") == "a", bool(Secret(""))) == (True, False, False)
    assert {key: 1}[Key("a", b"hunter2" * 5)] == 1 == {secret: 1}[Secret("hunter2")]
