"""Make the virtual environment from a hash-pinned lock, by pip and with the user's own pip settings.

    python3 scripts/make_environment.py ENVIRONMENT LOCK...

Nothing happens when the locks are already installed. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
NEEDED = (3, 11)
WIDTH = 30
NAMED = ("Collecting ", "Requirement already", "Ignoring ")
# Each lock holds the ones before it, at the same versions.
ORDER = ("runtime", "dev", "bench")
PIP = (
    *("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"),
    *("--require-hashes", "--only-binary", ":all:", "--progress-bar", "off", "--root-user-action", "ignore"),
)


def main(folder: Path, lock: str) -> int:
    """Bring the environment to the lock; return an exit code."""
    if sys.version_info < NEEDED:
        say(f"Python {'.'.join(map(str, NEEDED))} or later is needed; this is {sys.version.split()[0]}")
        return 1
    if installed(folder, lock):
        return 0
    wanted = digest(lock)  # of now: a lock that changes meanwhile is installed by the next start
    try:
        if not (folder / "bin" / "python").exists():
            say(f"making {folder.name} with Python {sys.version.split()[0]}")
            venv.create(folder, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError):
        say("`python3 -m venv` failed: on Debian run `apt-get install python3-venv`")
        return 1
    if install(folder, LOCKS / f"{lock}.lock"):
        return 1
    link(folder)
    stamp(folder, lock).write_text(wanted)
    return 0


def installed(folder: Path, lock: str) -> bool:
    """Say whether the lock, or one that holds it, is what the environment was made from."""
    return any(
        stamp(folder, name).exists() and stamp(folder, name).read_text() == digest(name)
        for name in ORDER[ORDER.index(lock) :]
    )


def stamp(folder: Path, lock: str) -> Path:
    """Return the file that says which lock was installed."""
    return folder / f".{lock}.sha256"


def digest(lock: str) -> str:
    """Return the digest of the lock and of those it holds."""
    held = ORDER[: ORDER.index(lock) + 1]
    return hashlib.sha256(b"".join((LOCKS / f"{name}.lock").read_bytes() for name in held)).hexdigest()


def install(folder: Path, lock: Path) -> int:
    """Run pip and show a bar; show everything it said if it fails."""
    total = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.MULTILINE | re.IGNORECASE))
    bar = Bar(f"installing {lock.name}", 2 * total)
    command = [str(folder / "bin" / "python"), *PIP, "-r", str(lock)]
    lines: list[str] = []
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}  # each line as it is said
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        reader = threading.Thread(target=lambda: lines.extend(pip.stdout or ()))
        reader.start()
        before = unpacked(folder)
        while pip.poll() is None:
            # pip names each package as it fetches it, and says nothing while it unpacks them.
            fetched = sum(line.startswith(NAMED) for line in list(lines))
            done = unpacked(folder) - before
            bar.show(fetched + done, f"{fetched} fetched, {done} unpacked of {total}")
            with suppress(subprocess.TimeoutExpired):
                pip.wait(0.1)
        reader.join()
    bar.end("failed" if pip.returncode else "done")
    if pip.returncode:
        sys.stderr.writelines(lines[-25:])
        say(f"pip could not install {lock.name} (code {pip.returncode}); its last words are above")
    return pip.returncode


def unpacked(folder: Path) -> int:
    """Return how many packages the environment holds."""
    return sum(1 for _ in folder.glob("lib/python3*/site-packages/*.dist-info"))


def link(folder: Path) -> None:
    """Put the checkout on the environment's path and `taskmed` into its `bin`."""
    packages = next((folder / "lib").glob("python3.*/site-packages"))
    (packages / "taskmed.pth").write_text(f"{ROOT}\n")
    command = folder / "bin" / "taskmed"
    python = (folder / "bin/python").absolute()
    # The import stands below the guard: worker processes load this file too and need none of it.
    command.write_text(
        f'#!{python}\nif __name__ == "__main__":\n    from app.commands.cli import main\n\n    main()\n'
    )
    command.chmod(0o755)


class Bar:
    """A progress bar on a terminal, a line every two seconds elsewhere."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total = title, total
        self._terminal = sys.stdout.isatty()
        self._every_s = 0.1 if self._terminal else 2.0
        self._started = self._shown = time.monotonic()

    def show(self, done: int, words: str) -> None:
        """Show how much is done, if the last time was a while ago."""
        now = time.monotonic()
        if now - self._shown >= self._every_s:
            self._shown = now
            self._draw(done, words)

    def end(self, word: str) -> None:
        """Show the last line."""
        done = self._total if word == "done" else 0
        self._draw(done, f"{word} in {time.monotonic() - self._started:.1f} s")
        if self._terminal:
            print()

    def _draw(self, done: int, words: str) -> None:
        filled = WIDTH * min(done, self._total) // self._total
        line = f"setup: {self._title} [{'#' * filled}{'.' * (WIDTH - filled)}] {words}"
        print(f"\r{line:<79}" if self._terminal else line, end="" if self._terminal else "\n", flush=True)


def say(text: str) -> None:
    """Print one line at once."""
    print(f"setup: {text}", flush=True)


def parse(arguments: Sequence[str]) -> tuple[Path, str]:
    """Return environment and lock of the command line."""
    if len(arguments) != 2 or arguments[1] not in ORDER:  # noqa: PLR2004 - two words
        raise SystemExit(f"usage: make_environment.py FOLDER {'|'.join(ORDER)}")
    return Path(arguments[0]), arguments[1]


if __name__ == "__main__":
    try:
        sys.exit(main(*parse(sys.argv[1:])))
    except KeyboardInterrupt:
        print()
        sys.exit(130)
