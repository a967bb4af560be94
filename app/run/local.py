"""The folder `var/` of a development machine: an embedded database, keys of its own, the log."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path("var")
_KEYS = "keys.env"
_DATABASE = "taskmed.db"
_FILLED = "filled.sha256"


def log_of(folder: Path) -> Path:
    """Return where the service started by `taskmed run` writes its log."""
    return folder / "taskmed.log"


def prepare(folder: Path = FOLDER) -> Mapping[str, str]:
    """Make the folder and its keys where they are missing, and return the variables they stand for."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _KEYS
    if not path.exists():
        _write(path, {"TASKMED_TOKEN_KEYS": _new_key(), "TASKMED_SEALING_KEYS": _new_key()})
    return variables(folder)


def variables(folder: Path = FOLDER) -> Mapping[str, str]:
    """Return what the folder stands for; nothing where it was never prepared."""
    path = folder / _KEYS
    if not path.exists():
        return {}
    keys = dict(line.split("=", 1) for line in path.read_text().splitlines())
    return {"DATABASE_URL": f"sqlite+aiosqlite:///{folder / _DATABASE}", **keys}


def is_filled(folder: Path, url: str) -> bool:
    """Say whether the folder's own database is at `url` and was filled by this version of the service."""
    own = f"sqlite+aiosqlite:///{folder / _DATABASE}"
    stamp = folder / _FILLED
    return url == own and (folder / _DATABASE).exists() and stamp.exists() and stamp.read_text() == _version()


def note_filled(folder: Path) -> None:
    """Remember that the database needs no migration and holds the demo clinics."""
    (folder / _FILLED).write_text(_version())


def _version() -> str:
    # A later migration, or other demo data, is a file of another name or content.
    here = Path(__file__).parents[1]
    files = sorted([*here.glob("migrations/versions/*.py"), *here.glob("demo/*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _new_key() -> str:
    return f"local:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _write(path: Path, values: Mapping[str, str]) -> None:
    # Complete or not there at all, and never readable by others: a first start may be interrupted.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    draft.rename(path)
