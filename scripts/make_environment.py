"""Make the virtual environment from a hash-pinned lock, by pip and with the user's own pip settings.

    python3 scripts/make_environment.py ENVIRONMENT LOCK...

Nothing happens when the locks are already installed. Standard library only.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
NEEDED = (3, 11)
WIDTH = 30
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
    stamp(folder, lock).write_text(digest(lock))
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
    bar = Bar(f"installing {lock.name}", total)
    command = [str(folder / "bin" / "python"), *PIP, "-r", str(lock)]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            lines.append(line)
            if line.startswith(("Collecting ", "Requirement already", "Ignoring ")):
                bar.step()
            elif line.startswith("Installing collected"):
                bar.say("unpacking")
    bar.end("failed" if pip.returncode else "done")
    if pip.returncode:
        sys.stderr.writelines(lines[-25:])
        say(f"pip could not install {lock.name} (code {pip.returncode}); its last words are above")
    return pip.returncode


def link(folder: Path) -> None:
    """Put the checkout on the environment's path and `taskmed` into its `bin`."""
    packages = next((folder / "lib").glob("python3.*/site-packages"))
    (packages / "taskmed.pth").write_text(f"{ROOT}\n")
    command = folder / "bin" / "taskmed"
    python = (folder / "bin" / "python").absolute()
    command.write_text(f"#!{python}\nfrom app.cli import main\n\nif __name__ == '__main__':\n    main()\n")
    command.chmod(0o755)


class Bar:
    """A progress bar on a terminal, a line every two seconds elsewhere."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._terminal = sys.stdout.isatty()
        self._started = self._shown = time.monotonic()

    def step(self) -> None:
        """Count one more package."""
        self._done += 1
        now = time.monotonic()
        if now - self._shown > (0.05 if self._terminal else 2.0):
            self._shown = now
            self.say(f"{self._done} of {self._total} packages")

    def say(self, words: str) -> None:
        """Show the state now."""
        filled = WIDTH * min(self._done, self._total) // self._total
        bar = f"[{'#' * filled}{'.' * (WIDTH - filled)}]"
        line = f"setup: {self._title} {bar} {words}"
        print(f"\r{line:<100}" if self._terminal else line, end="" if self._terminal else "\n", flush=True)

    def end(self, word: str) -> None:
        """Show the last line."""
        self._done = self._total if word == "done" else self._done
        self.say(f"{word} in {time.monotonic() - self._started:.1f} s")
        if self._terminal:
            print()


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
