"""Where the programs of other servers are: environment, PATH, then the folder the installer fills."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigurationError

CACHE = Path(".cache/servers")


@dataclass(frozen=True, slots=True)
class Program:
    """A program of another project.

    Attributes:
        name: The name it is started by.
        variable: Environment variable that names another path.
        package: Debian package that holds it.
        folders: Where it may be installed off the PATH; may hold `*`.
    """

    name: str
    variable: str
    package: str
    folders: tuple[str, ...] = ("/usr/bin", "/usr/sbin", "/usr/local/bin")


_POSTGRES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/usr/pgsql-*/bin", "/usr/bin")
_COMPOSE = ("/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/bin")

PROGRAMS = {
    program.name: program
    for program in (
        Program("redis-server", "REDIS_SERVER", "redis-server"),
        Program("initdb", "INITDB", "postgresql", _POSTGRES),
        Program("postgres", "POSTGRES", "postgresql", _POSTGRES),
        Program("psql", "PSQL", "postgresql", _POSTGRES),
        Program("pgbouncer", "PGBOUNCER", "pgbouncer"),
        Program("prometheus", "PROMETHEUS", "prometheus"),
        Program("promtool", "PROMTOOL", "prometheus"),
        Program("prometheus-alertmanager", "ALERTMANAGER", "prometheus-alertmanager"),
        Program("amtool", "AMTOOL", "prometheus-alertmanager"),
        Program("chromium", "CHROMIUM", "chromium"),
        Program("docker-compose", "DOCKER_COMPOSE", "docker-compose", _COMPOSE),
    )
}


class Binaries:
    """Finds programs.

    Args:
        environ: Environment variables; `PROMETHEUS` and the like name a path outright.
        cache: Folder that `make servers` fills: `own/` from this system's package suite,
            `newer/` from a later one.
    """

    def __init__(self, environ: Mapping[str, str], cache: Path = CACHE) -> None:
        self._environ = environ
        self._cache = cache.absolute()

    def find(self, name: str) -> Path:
        """Return the path of the program as this system has it.

        Raises:
            ConfigurationError: It is nowhere; the message says what to install.
        """
        program = PROGRAMS[name]
        named = self._environ.get(program.variable)
        if named:
            return Path(named)
        on_path = shutil.which(name)
        found = [Path(on_path)] if on_path else self._search(program, Path("/"), self._cache / "own")
        return self._first(found, program, f"`apt-get install {program.package}` (or run `make servers`)")

    def find_newer(self, name: str) -> Path:
        """Return the path of the program as a later package suite has it; see `find`."""
        program = PROGRAMS[name]
        named = self._environ.get(f"{program.variable}_NEWER")
        found = [Path(named)] if named else self._search(program, self._cache / "newer")
        return self._first(found, program, "`make servers` fetches it from a later Debian suite")

    def _search(self, program: Program, *roots: Path) -> list[Path]:
        places = ((root, folder.removeprefix("/")) for root in roots for folder in program.folders)
        return [
            path
            for root, folder in places
            for path in sorted(root.glob(f"{folder}/{program.name}"), reverse=True)
            if path.is_file()
        ]

    def _first(self, found: list[Path], program: Program, advice: str) -> Path:
        if not found:
            raise ConfigurationError(program.variable, f"{program.name} is not installed: {advice}")
        return found[0]
