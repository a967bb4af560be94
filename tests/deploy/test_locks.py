"""The locks that every environment is made from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.binaries import ROOT

_LOCKS = ("runtime", "dev", "bench")
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE | re.IGNORECASE)


def _text(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.lock").read_text()


def _pins(lock: str) -> dict[str, str]:
    return dict(_PIN.findall(_text(lock)))


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_package_is_pinned_with_hashes_and_no_index_is_named(lock: str) -> None:
    """Each line is a pin or a SHA-256; where packages come from is the user's own setting."""
    text = _text(lock)
    assert "://" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert _PIN.match(block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


def test_each_lock_holds_the_ones_before_it() -> None:
    """What the service runs with is what its tests and benchmarks ran with."""
    runtime, dev, bench = map(_pins, _LOCKS)
    assert runtime.items() <= dev.items()
    assert dev.items() <= bench.items()


def test_every_dependency_of_the_project_is_locked() -> None:
    """The locks were written after the last change of pyproject.toml's dependencies."""
    kit = tomllib.loads((ROOT / "pyproject.toml").read_text())
    setup = (ROOT / "app" / "setup.py").read_text()
    extras = re.findall(r'^EXTRAS = "(.+)"', setup, re.MULTILINE)[0].split(",")
    needs = [*kit["project"]["dependencies"], *(ROOT / "app" / "requirements.txt").read_text().split()]
    needs += [need for extra in extras for need in kit["project"]["optional-dependencies"][extra]]
    for lock, names in {"runtime": needs, **kit["dependency-groups"]}.items():
        assert {_name(name) for name in names} <= {_normal(pin) for pin in _pins(lock)}


def _name(requirement: str) -> str:
    return _normal(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_file_names_a_registry() -> None:
    """Neither the build nor the image names the host that packages come from."""
    host = re.compile(r"(pypi\.|pythonhosted|deb\.debian|registry\.npm)")
    for name in ("Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml", ".ci/run"):
        assert not host.search((ROOT / name).read_text()), name
    for script in Path(ROOT / "scripts").glob("*.py"):
        assert not host.search(script.read_text()), script.name
