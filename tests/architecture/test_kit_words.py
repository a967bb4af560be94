"""The kit is every service's: nothing in it speaks of the one that it grew up with."""

from __future__ import annotations

import re

import pytest

from tests.binaries import ROOT

OTHERS = re.compile(r"clinic|taskmed|patient_|practitioner", re.IGNORECASE)


def spoken(text: str) -> list[str]:
    return OTHERS.findall(text)


def test_the_kit_speaks_of_no_service() -> None:
    """Code, texts, templates, names of files: a tenant is a tenant until a service says otherwise."""
    files = [
        path for path in sorted((ROOT / "monitor").rglob("*")) if path.is_file() and path.suffix != ".pyc"
    ]
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        for word in (*spoken(path.name), *spoken(path.read_text(encoding="utf-8")))
    ]

    assert len(files) > 100
    assert [] == wrong


@pytest.mark.parametrize("text", ["clinic_id", "clinicId", "TaskMed", "TASKMED_PORT", "Clinics slow"])
def test_such_a_word_is_found(text: str) -> None:
    """In any spelling, alone or in a name."""
    assert [] != spoken(text)
