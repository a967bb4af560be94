"""The whole API under Schemathesis: `python -m tests.security.attack` (`make attack`).

Each role and none, over each database, on a real server: what the OpenAPI document says may come
is all that comes. No answer is 5xx, no status undocumented, no body or header off its schema.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from app.auth import Role, TokenIssuer
from app.main import create_app
from app.migrations import upgrade
from monitor.clock import SystemClock
from tests.app.service import KEY, config_of, set_up_clinics
from tests.binaries import need
from tests.servers import PostgresServer

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ROLES = (*Role, None)
DATABASES = ("sqlite", "postgres")
# An operator's fault is there to make answers fail: its endpoint is attacked by those who may not set one.
_FAULTS = "/api/stress/fault"
_GENERATED = re.compile(r"(\d+) generated")
_CERTAIN_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Attack:
    """One run.

    Attributes:
        role: Who attacks; None for somebody without a token.
        database: `sqlite` or `postgres`.
        examples: Most examples of each operation when fuzzing.
        phases: Which phases of Schemathesis.
        seed: What is drawn.
    """

    role: Role | None
    database: str
    examples: int
    phases: str = "examples,coverage,fuzzing,stateful"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found.

    Attributes:
        tried: How many requests were made up.
        passed: Whether each was answered as documented.
        report: What Schemathesis wrote.
    """

    tried: int
    passed: bool
    report: str


def attack(plan: Attack, url: str, folder: Path) -> Outcome:
    """Attack a running service, and return what was found."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--no-color", "--checks",
        ",".join(CHECKS), "--phases", plan.phases, "--max-examples", str(plan.examples), "--seed",
        str(plan.seed), "--generation-database", "none", "--warnings", "off", "--continue-on-failure",
    ]  # fmt: skip
    if plan.role is not None:
        clinic = None if plan.role is Role.OPERATOR else 1
        issuer = TokenIssuer([KEY], SystemClock())
        token = issuer.mint(role=plan.role, user="attacker", clinic=clinic, lifetime_s=_CERTAIN_S)
        command += ["--header", f"Authorization: Bearer {token}"]
    if plan.role is Role.OPERATOR:
        command += ["--exclude-path", _FAULTS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    found = _GENERATED.search(done.stdout)
    report = done.stdout + done.stderr
    return Outcome(int(found[1]) if found else 0, done.returncode == 0 and found is not None, report)


@contextlib.contextmanager
def serving(database_url: str) -> Iterator[str]:
    """Serve clinics 1 and 2 over an empty database, on a loopback port; give the URL."""
    asyncio.run(upgrade(database_url))
    asyncio.run(set_up_clinics(database_url))
    app = create_app(config_of(database_url, TASKMED_STRESS="on"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'attacked.db'}"
        return
    with PostgresServer(need("initdb"), need("postgres"), need("psql")) as server:
        yield server.url_of(server.create_database())


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack as each role over each database; print a summary as JSON, and return 1 for a find."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="most examples of each operation")
    parser.add_argument("--database", choices=DATABASES, action="append", help="both where none is named")
    parser.add_argument("--role", choices=[*Role, "none"], action="append", help="all where none is named")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    roles = ROLES if asked.role is None else [None if role == "none" else Role(role) for role in asked.role]
    tried, failed = {}, []
    with tempfile.TemporaryDirectory(prefix="taskmed-attack-") as name:
        folder = Path(name)
        for kind in asked.database or DATABASES:
            with _database(kind, folder) as database_url, serving(database_url) as url:
                for role in roles:
                    who = f"{kind}, {role or 'nobody'}"
                    outcome = attack(Attack(role, kind, asked.examples, seed=asked.seed), url, folder)
                    tried[who] = outcome.tried
                    if not outcome.passed:
                        failed.append(who)
                        sys.stderr.write(outcome.report)
    sys.stdout.write(json.dumps({"tried": tried, "failed": failed}) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
