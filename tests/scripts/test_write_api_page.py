"""The page of the public door is written from the docstrings."""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path
from typing import Any

import pytest

import monitor
from tests.binaries import ROOT


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """Give what the script defines."""
    return runpy.run_path(str(ROOT / "scripts" / "write_api_page.py"))


def _door(root: Path, body: str) -> Path:
    """Make a kit whose door exports the function `ask`, defined by `body`."""
    (root / "monitor").mkdir()
    (root / "monitor" / "room.py").write_text(textwrap.dedent(body))
    (root / "monitor" / "__init__.py").write_text(
        'from monitor.room import ask as ask\n_HOMES = {"ask": "monitor.room:ask"}\n__all__ = ["ask"]\n'
    )
    return root


def test_the_committed_page_is_what_the_docstrings_say(script: dict[str, Any]) -> None:
    """A docstring that changes without `make definitions`, or a page by hand, is noticed."""
    assert (ROOT / "docs" / "api.md").read_text() == script["page"]()


def test_the_page_has_exactly_the_public_names(script: dict[str, Any]) -> None:
    """One heading for each export, none for anything else."""
    assert sorted(re.findall(r"^## `(\w+)`", script["page"](), re.MULTILINE)) == sorted(monitor.__all__)


def test_arguments_results_and_errors_are_all_shown(script: dict[str, Any], tmp_path: Path) -> None:
    """A function's signature, sentence, arguments and errors come from its source alone."""
    body = '''
        async def ask(question: dict[str, int], *, timeout_s: float = 1.0) -> str:
            """Ask.

            Args:
                question: What is asked,
                    in one or two lines.
                timeout_s: Seconds.

            Raises:
                OSError: Nobody answers.
            """
    '''
    page = script["page"](_door(tmp_path, body))

    assert "async def ask(question: dict[str, int], *, timeout_s: float = 1.0) -> str: ...\n" in page
    assert "- `question`: What is asked, in one or two lines.\n" in page
    assert "Raises:\n\n- `OSError`: Nobody answers.\n" in page


def test_a_section_without_a_form_is_refused(script: dict[str, Any], tmp_path: Path) -> None:
    """Nothing of a docstring is left out without a word."""
    body = '''
        def ask() -> str:
            """Ask.

            Yields:
                str: Answers.
            """
    '''
    with pytest.raises(ValueError, match=r"monitor\.room\.ask: .* of kind yields has no form"):
        script["page"](_door(tmp_path, body))
