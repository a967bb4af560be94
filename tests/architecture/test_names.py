"""What scripts, images and documents name is there: a module that moves takes its mentions along."""

from __future__ import annotations

import re
from pathlib import Path

from tests.binaries import ROOT

# `from app.x import`, `python -m app.x`, an entry point `app.x:main`; then a path such as `monitor/x.py`.
MODULE = re.compile(
    r"(?:\bfrom |-m |[\"'])((?:app|monitor|benchmarks)(?:\.[a-z_]\w*)+)(?: import|\b(?![\w.(])|:\w+)"
)
PATH = re.compile(r"(?<![\w./-])((?:app|monitor|tests|scripts|benchmarks|deploy)/[\w/.-]+\.\w+)")
MADE = "deploy/secrets/"  # by scripts/make_secrets.py, on the machine that runs the containers


def texts() -> list[Path]:
    """Return the files of the repository that name modules and are not their source."""
    whole = [
        path for folder in ("deploy", "docs", "scripts", ".github") for path in (ROOT / folder).rglob("*")
    ]
    kinds = {".md", ".toml", ".yml", ".yaml", ".py", ".sh", ""}
    return [
        path
        for path in [*ROOT.glob("*"), *whole]
        if path.is_file() and path.suffix in kinds and path.name != "CHANGELOG.md" and MADE not in str(path)
    ]


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.name == "__version__" or place.is_dir() or place.with_suffix(".py").is_file()


def test_a_module_that_is_named_is_there() -> None:
    """`python -m`, `from ... import` and entry points in scripts, images and documents lead somewhere."""
    found = [(path, name) for path in texts() for name in MODULE.findall(path.read_text(errors="ignore"))]
    wrong = [f"{path.relative_to(ROOT)}: {name}" for path, name in found if not is_module(name)]

    assert len(found) > 10
    assert [] == wrong


def test_a_path_that_is_named_is_there() -> None:
    """A source file that a document, script or workflow names exists."""
    found = [(path, name) for path in texts() for name in PATH.findall(path.read_text(errors="ignore"))]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in found
        if not (ROOT / name).exists() and MADE not in name
    ]

    assert len(found) > 10
    assert [] == wrong
