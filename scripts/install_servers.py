"""Install the servers that the tests start: by apt where that is possible, else say what to install.

Own suite: `apt-get install`, as root. Later suites (a newer Prometheus, Alertmanager and
Compose): downloaded by apt itself, so mirror, proxy and signatures are this machine's own,
and only extracted, into `.cache/servers/newer`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.drill.binaries import PROGRAMS, Binaries  # noqa: E402 - found through the line above
from monitor.errors import ConfigurationError  # noqa: E402 - the same

CACHE = ROOT / ".cache" / "servers"
LATER_SUITE = "forky"
LATER = ("prometheus", "promtool", "prometheus-alertmanager", "docker-compose")
STARTED = ("redis-server", "initdb", "pgbouncer", "prometheus", "prometheus-alertmanager", "chromium")
LINE_EVERY_S = 2.0
NEWLY = re.compile(r"(\d+) newly installed")
POLICY = Path("/usr/sbin/policy-rc.d")


def main() -> int:
    """Install what is missing; return 1 where `CI` is set and something still is."""
    missing = missing_packages()
    if missing and can_install():
        install(missing)
        missing = missing_packages()
    if missing:
        say(f"run `sudo apt-get install {' '.join(missing)}`, or the tests that need them are skipped")
    complete = fetch_later() and not missing
    return 1 if not complete and os.environ.get("CI") else 0


def missing_packages() -> list[str]:
    """Return the packages whose programs are nowhere."""
    binaries = Binaries(os.environ, CACHE)
    return [PROGRAMS[name].package for name in STARTED if not found(binaries.find, name)]


def found(find: Callable[[str], Path], name: str) -> bool:
    """Say whether `find` finds the program."""
    try:
        find(name)
    except ConfigurationError:
        return False
    return True


def can_install() -> bool:
    """Say whether apt may install: apt is here and this is root."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> None:
    """Install packages without starting their daemons."""
    say(f"installing {' '.join(packages)} with apt-get")
    apt = ("apt-get", "-y", "-q", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
    holds_back = not POLICY.exists()
    if holds_back:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        run_counted([*apt, "update"])
        run_counted([*apt, "install", *packages])
    finally:
        if holds_back:
            POLICY.unlink()


def fetch_later() -> bool:
    """Extract the later suite's packages, unless they are there; say whether they are in the end."""
    binaries = Binaries(os.environ, CACHE)
    if all(found(binaries.find_newer, name) for name in LATER):
        return True
    mirror = shutil.which("apt-get") and shutil.which("dpkg") and debian_mirror()
    if not mirror:
        say("no Debian mirror in the apt sources: tests with a newer Prometheus are skipped")
        return False
    if fetch_suite(mirror, LATER_SUITE, CACHE / "newer"):
        return True
    say(f"could not fetch {' '.join(LATER)}: {CACHE / 'apt.log'} says why")
    return False


def debian_mirror() -> str:
    """Return the base URL of this machine's Debian mirror, from its apt sources; empty without one."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = [line.split() for line in listing.splitlines()]
    return next((words[2] for words in found if words[:2] == ["Debian", "main"]), "")


def fetch_suite(mirror: str, suite: str, target: Path) -> bool:
    """Download and extract the packages of one suite; apt checks signatures and digests."""
    say(f"fetching {' '.join(LATER)} of Debian {suite}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        scratch = Path(name)
        apt = private_apt(scratch, f"deb {mirror} {suite} main")
        if not all(logged(["apt-get", *words], scratch, apt) for words in (["update"], ["download", *LATER])):
            return False
        extracted = scratch / "root"
        if not all(
            logged(["dpkg", "-x", str(deb), str(extracted)], scratch, apt) for deb in scratch.glob("*.deb")
        ):
            return False
        shutil.rmtree(target, ignore_errors=True)
        extracted.rename(target)
    return True


def private_apt(scratch: Path, source: str) -> dict[str, str]:
    """Return an environment in which apt keeps its state in `scratch` and knows one source."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "sources.list").write_text(source + "\n")
    settings = {
        "Dir::State": scratch / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    config = scratch / "apt.conf"
    config.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    return os.environ | {"APT_CONFIG": str(config)}


def logged(command: list[str], folder: Path, environment: dict[str, str]) -> bool:
    """Run a command with its output in the log; say whether it succeeded."""
    with (CACHE / "apt.log").open("a") as log:
        return (
            subprocess.run(
                command, cwd=folder, env=environment, stdout=log, stderr=log, check=False
            ).returncode
            == 0
        )


def run_counted(command: list[str]) -> None:
    """Run apt-get, say now and then how far it is, and show its last lines if it fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    lines: list[str] = []
    shown = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for text in process.stdout or ():
            lines.append(text)
            if time.monotonic() - shown > LINE_EVERY_S:
                say(progress(lines))
                shown = time.monotonic()
    say(progress(lines))
    if process.returncode:
        sys.stderr.writelines(lines[-30:])
        say(f"`{' '.join(command)}` failed with code {process.returncode}")


def progress(lines: Sequence[str]) -> str:
    """Say in a few words how far apt-get is."""
    total = next((found[1] for line in lines if (found := NEWLY.search(line))), None)
    counts = {
        word: sum(line.startswith(mark) for line in lines)
        for word, mark in (("fetched", "Get:"), ("unpacked", "Unpacking "), ("set up", "Setting up "))
    }
    if total is None:
        return f"{counts['fetched']} index files"
    return f"of {total} packages " + ", ".join(f"{count} {word}" for word, count in counts.items())


def say(text: str) -> None:
    """Print one line at once."""
    print(f"servers: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
