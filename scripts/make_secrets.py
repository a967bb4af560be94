"""Make the passwords and keys that docker-compose.yml reads, for this machine alone.

    python3 scripts/make_secrets.py [FOLDER]

Nothing that is there already is changed. Standard library only.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "secrets"


def main(folder: Path) -> int:
    """Write the files, readable by their owner alone, unless they are there."""
    wanted = files()
    there = [name for name in wanted if (folder / name).exists()]
    if len(there) == len(wanted):
        return 0
    if there:
        # A new password beside an old volume would lock the services out of each other.
        print(
            f"secrets: {folder} holds only {', '.join(there)}: restore the rest, or remove it and the volumes"
        )
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, variables in wanted.items():
        write(folder / name, variables)
    print(f"secrets: made {', '.join(wanted)} in {folder}")
    return 0


def files() -> Mapping[str, Mapping[str, str]]:
    """Return each file's variables; the service's URLs carry the servers' passwords."""
    postgres, redis = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    return {
        "postgres.env": {"POSTGRES_USER": "taskmed", "POSTGRES_DB": "taskmed", "POSTGRES_PASSWORD": postgres},
        "redis.env": {"REDIS_PASSWORD": redis},
        "grafana.env": {
            "GF_SECURITY_ADMIN_USER": "admin",
            "GF_SECURITY_ADMIN_PASSWORD": secrets.token_urlsafe(24),
        },
        "taskmed.env": {
            "DATABASE_URL": f"postgresql+asyncpg://taskmed:{postgres}@postgres/taskmed",
            "CACHE_URL": f"redis://:{redis}@redis:6379/0",
            "TASKMED_TOKEN_KEYS": f"compose:{key()}",
            "TASKMED_SEALING_KEYS": f"compose:{key()}",
        },
    }


def key() -> str:
    """Return 32 random bytes as base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def write(path: Path, variables: Mapping[str, str]) -> None:
    """Write an env file that nobody else may read, not even for a moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
