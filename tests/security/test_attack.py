"""What the OpenAPI document says may come is all that comes, whoever asks and whatever for.

Bounded for every change; `python -m tests.security.attack` is the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.auth import Role
from tests.security.attack import DATABASES, ROLES, Attack, attack, serving


@pytest.fixture(scope="module", params=[DATABASES[0], pytest.param(DATABASES[1], marks=pytest.mark.postgres)])
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of the service over each database."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('attacked') / 'attacked.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        url = server.url_of(server.create_database())
    with serving(url) as address:
        yield address


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role or "nobody"))
def test_every_answer_is_one_that_is_documented(attacked: str, role: Role | None, tmp_path: Path) -> None:
    """No 5xx, no undocumented status, no body or header off its schema, for each role and none."""
    # What the document's edges suggest takes a minute: the one who may do most at a clinic tries it.
    phases = "examples,coverage,fuzzing" if role is Role.ADMIN else "examples,fuzzing"

    outcome = attack(Attack(role, "", examples=2, phases=phases), attacked, tmp_path)

    assert outcome.passed, outcome.report
    assert outcome.tried > (500 if role is Role.ADMIN else 50)
