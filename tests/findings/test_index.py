"""The folder of findings, read without running any: each says what it needs, and the index lists it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.binaries import ROOT

FINDINGS = ROOT / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))
FIELDS = ("Packages", "Expected", "Seen", "Hurts")

_ROW = re.compile(
    r"^\| \[(?P<name>[a-z0-9-]+)\]\((?P<link>[^)]+)\) \| (?P<packages>[^|]+) \| (?P<sentence>[^|]+) \|$"
)
_INSTALL = re.compile(r"(?:pip|npm) install(?P<words>(?:\\\n|[^\n])*)")
# The names that RFC 2606 keeps free (.test, .example) are no hosts; a dot before a known ending is.
_HOST = re.compile(r"\b[a-z0-9-]+\.(?:org|com|io|net|dev)\b")
_OF_ONE_MACHINE = re.compile(r"(?<![\w.$}])/(?:work|home|root|tmp|opt|usr/local)/")


def _fields(script: Path) -> dict[str, str]:
    """Give the header's fields, each joined to one line."""
    fields: dict[str, str] = {}
    name = ""
    for line in script.read_text().splitlines()[1:]:
        if not line.startswith("#"):
            break
        if started := re.match(r"# (\w+): (.+)", line):
            name, fields[started[1]] = started[1], started[2]
        else:
            fields[name] += " " + line.removeprefix("#").strip()
    return fields


def _rows() -> dict[str, dict[str, str]]:
    matches = map(_ROW.match, (FINDINGS / "README.md").read_text().splitlines())
    return {match["name"]: match.groupdict() for match in matches if match}


def test_the_index_lists_each_finding_once_and_nothing_else() -> None:
    """A row of the index is a script of the folder, by name and link, in the order of the alphabet."""
    rows = _rows()

    assert list(rows) == [script.stem for script in SCRIPTS]
    assert [row["link"] for row in rows.values()] == [script.name for script in SCRIPTS]
    assert (FINDINGS / "README.md").read_text().count("| [") == len(rows)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
class TestScript:
    """What holds of every script."""

    def test_says_what_was_expected_seen_and_whom_it_hurts(self, script: Path) -> None:
        """The header has the four fields in order, each with something to say."""
        fields = _fields(script)

        assert tuple(fields) == FIELDS
        assert all(len(fields[name]) > 40 for name in FIELDS[1:])

    def test_stands_in_the_index_with_the_same_versions(self, script: Path) -> None:
        """The index and the header name the same packages."""
        assert _rows()[script.stem]["packages"] == _fields(script)["Packages"]

    def test_pins_every_package(self, script: Path) -> None:
        """What is installed is of one version, and each version in the header is installed or asked for."""
        text = script.read_text()
        installs = _INSTALL.findall(text)
        packages = [
            word.strip("'")
            for words in installs
            for word in words.replace("\\\n", " ").split()
            if not word.startswith("-")
        ]

        assert all(re.search(r"[^=@]==[^=]|[^@]@\d", package) for package in packages), packages
        body = text.split("set -euo pipefail")[1]
        for version in re.findall(r" (\d+(?:\.\w+)+)", _fields(script)["Packages"]):
            assert version in body

    def test_works_in_a_folder_of_its_own_and_fails_when_the_behaviour_changes(self, script: Path) -> None:
        """The script can be run, cleans up behind itself and compares what it sees with what was seen."""
        text = script.read_text()

        assert os.access(script, os.X_OK)
        assert text.startswith("#!/usr/bin/env bash\n")
        assert "folder=$(mktemp -d)\n" in text
        assert """rm -rf "$folder"' EXIT""" in text
        assert text.endswith("diff -u expected.txt seen.txt\necho 'as recorded'\n")

    def test_stands_without_the_product_any_host_or_one_machine(self, script: Path) -> None:
        """Neither this project's modules, nor a host beyond loopback, nor a path of a machine occurs."""
        text = script.read_text()

        assert not re.search(r"^\s*(?:import|from) (?:app|monitor)\b", text, re.MULTILINE)
        assert not _HOST.search(text)
        assert not _OF_ONE_MACHINE.search(text)
