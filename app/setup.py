"""What the clinic's distribution takes from its surroundings: the kit's version, and this folder as `app`.

The version stands in `monitor/__init__.py` alone. An sdist of the clinic has no kit beside it and
carries the version that it was made with.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup  # type: ignore[import-untyped]
from setuptools.command.build_py import build_py  # type: ignore[import-untyped]

HERE = Path(__file__).parent
EXTRAS = "console,database,definitions,otlp,redis,service"


def version() -> str:
    """Return the kit's version beside this folder, else the one that the sdist was made with."""
    kit, made = HERE.parent / "monitor" / "__init__.py", HERE / "PKG-INFO"
    source, line = (made, r"^Version: (\S+)") if made.exists() else (kit, r'^__version__ = "(\S+)"')
    found = re.search(line, source.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{source} tells no version")
    return found[1]


class Package(build_py):  # type: ignore[misc]
    """Leaves this file out of the package that it describes."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Return package, name and path of each module, as the base class finds them."""
        found: list[tuple[str, str, str]] = super().find_package_modules(package, package_dir)
        return [module for module in found if module[:2] != ("app", "setup")]


setup(
    cmdclass={"build_py": Package},
    version=version(),
    package_dir={"app": "."},
    packages=["app", *(f"app.{name}" for name in find_packages(str(HERE)))],
    install_requires=[
        f"tenant-monitor[{EXTRAS}]=={version()}",  # both are released together
        *(HERE / "requirements.txt").read_text().split("\n"),
    ],
)
