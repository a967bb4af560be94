"""Environments outside the repository that hold a built distribution and what it needs, and nothing else.

No network: what is needed is linked in from the environment that the tests run in, found by the
same metadata that pip reads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.binaries import ROOT

_SOURCES = ("monitor", "app", "pyproject.toml", "README.md", "LICENSE")
_NO_EXTRA = frozenset({""})


def build(folder: Path) -> dict[str, Path]:
    """Build sdists of kit and clinic, and wheels from the sdists; return the wheels by import name."""
    source, out = folder / "source", folder / "out"
    source.mkdir()
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    for project in (source, source / "app"):
        run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(project)], folder)
    return {"monitor": next(out.glob("tenant_monitor-*.whl")), "app": next(out.glob("taskmed-*.whl"))}


def install(folder: Path, *wheels: Path, extras: Collection[str] = ()) -> Path:
    """Make an environment at `folder` with the wheels and what they need; return its `bin`.

    Args:
        folder: Where it stands.
        wheels: Distributions that were built here.
        extras: Extras of the kit.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python, uv = folder / "bin" / "python", Path(sys.executable).parent / "uv"
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    command = [str(uv), "pip", "install", "-q", "--offline", "--no-deps", "--python", str(python)]
    run([*command, *map(str, wheels)], folder)
    own = {made.metadata["Name"]: made for made in Distribution.discover(path=[str(packages)])}
    for needed in closure(own, frozenset(extras) or _NO_EXTRA):
        _link(needed, packages)
    return folder / "bin"


def run(command: list[str], folder: Path, **variables: str) -> str:
    """Run a command away from the checkout; return what it printed, or fail with what it said."""
    done = attempt(command, folder, **variables)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def attempt(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout, whatever comes of it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command,
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def closure(own: dict[str, Distribution], extras: frozenset[str]) -> Iterator[Distribution]:
    """Yield what the distributions need, directly and through each other."""
    wanted = [(made, extras if name == "tenant-monitor" else _NO_EXTRA) for name, made in own.items()]
    seen, told = set(wanted_names(wanted)), set(own)
    while wanted:
        one, asked = wanted.pop()
        for need in map(Requirement, one.requires or ()):
            if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in asked | _NO_EXTRA):
                continue
            found = own.get(need.name) or distribution(need.name)
            name, inner = found.metadata["Name"], frozenset(need.extras) | _NO_EXTRA
            if (name, inner) not in seen:
                seen.add((name, inner))
                wanted.append((found, inner))
            if name not in told:
                told.add(name)
                yield found


def wanted_names(
    wanted: list[tuple[Distribution, frozenset[str]]],
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what each is called, with the extras that are asked of it."""
    for one, asked in wanted:
        yield one.metadata["Name"], asked


def _link(needed: Distribution, packages: Path) -> None:
    files = [str(file) for file in needed.files or () if not str(file).startswith("..")]
    for top in {file.split("/")[0] for file in files} - {"__pycache__"}:
        source, target = Path(str(needed.locate_file(top))), packages / top
        if top == "opentelemetry":  # a namespace of several distributions: what this one has of it
            ignore = _others(files, source.parent)
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignore)
        elif source.exists() and not target.exists():
            target.symlink_to(source)


def _others(files: list[str], root: Path) -> Callable[[str, list[str]], list[str]]:
    folders = {"/".join(file.split("/")[:depth]) for file in files for depth in range(1, file.count("/") + 1)}
    kept = folders | set(files)

    def ignored(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if str((Path(folder) / name).relative_to(root)) not in kept]

    return ignored
