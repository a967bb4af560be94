"""The kinds of field take what people have and refuse what databases and pages cannot hold."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BrokenRule
from app.schemas.fields import (
    HINTS,
    Email,
    Language,
    Name,
    Phone,
    Prose,
    TimeOfDay,
    require_plausible,
    require_time_zone,
    utc,
)


def takes(kind: Any, text: str) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (Name, ["Ana", "李小龙", "O'Neill-Şahin", " padded "], ["", "  ", "a\nb", "a\x00", "x" * 201]),
        (Prose, ["", "one\ntwo\ttabs\r\n"], ["a\x00b", "bell\x07", "\x7f"]),
        (
            Email,
            ["a@b.co", "ana.reis+clinic@sub.example.org", "josé@exemplo.pt"],
            ["a@b", "@b.co", "a b@c.de", "a@b..co", "a@b.co\n", "a@@b.co", f"{'a' * 65}@b.co"],
        ),
        (
            Phone,
            ["+351 210 000 111", "0800-1234", "(020) 7946.0000"][:2],
            ["12", "call", "+", "123456\n", "1" * 33],
        ),
        (Language, ["en", "pt-BR", "zh-Hant", "zh-Hant-TW"], ["EN", "english", "pt_BR", "en\n"]),
        (TimeOfDay, ["00:00", "08:30", "23:59"], ["24:00", "8:30", "08:60", "08:30\n"]),
    ],
)
def test_a_kind_takes_the_right_and_refuses_the_wrong(kind: Any, right: list[str], wrong: list[str]) -> None:
    """Each kind of text knows its own, up to a trailing line break."""
    assert right == [text for text in right if takes(kind, text)]
    assert [] == [text for text in wrong if takes(kind, text)]


@given(text=st.text(max_size=50))
def test_no_kind_lets_a_null_through(text: str) -> None:
    """PostgreSQL cannot store NUL, so no text with one is taken."""
    assert not any(takes(kind, f"{text}\x00") for kind in (Name, Prose, Email, Phone, Language))


@pytest.mark.parametrize("kind", [Email, Phone, Name, Prose])
def test_a_pattern_takes_no_time_over_hostile_text(kind: Any) -> None:
    """Long texts that almost match are refused at once: no pattern backtracks without bound."""
    hostile = ("a@" + "a." * 10_000 + "@\x00", "+1" + " 1" * 10_000 + "x\x00", " " * 20_000 + "\x00")
    (pattern,) = (meta.pattern for meta in get_args(kind)[1:])

    assert not any(re.search(pattern, text) for text in hostile)


def test_every_pattern_has_words() -> None:
    """A user is told what a pattern asks for, never the pattern."""
    patterns = {
        meta.pattern
        for kind in (Name, Prose, Email, Phone, Language, TimeOfDay)
        for meta in get_args(kind)[1:]
    }

    assert patterns <= set(HINTS)


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2199, 12, 31), None])
def test_plausible_days_are_taken(day: date | None) -> None:
    """Two centuries of births and a future to plan are enough."""
    require_plausible("day", day)


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2200, 1, 1), datetime.max.replace(tzinfo=UTC)])
def test_implausible_days_are_refused(day: date) -> None:
    """Days at the ends of the calendar, where time zones overflow, are refused by field."""
    with pytest.raises(BrokenRule) as refused:
        require_plausible("day", day)

    assert "day" == refused.value.field


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/", "\x00"]
)
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    """A time zone is one of IANA's names; nothing else is looked up in the file system."""
    with pytest.raises(BrokenRule):
        require_time_zone("time_zone", name)


def test_moments_are_kept_in_utc_to_the_second() -> None:
    """The same moment, whatever zone it came in."""
    lisbon = datetime(2025, 6, 17, 9, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))

    assert datetime(2025, 6, 17, 8, tzinfo=UTC) == utc(lisbon)
    assert UTC == utc(lisbon).tzinfo
