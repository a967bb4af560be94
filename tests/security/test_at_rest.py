"""What patients are known by stays where it is kept: not in logs, not in other hands, not in browsers."""

from __future__ import annotations

import asyncio
import io
import stat
from pathlib import Path

import pytest

from app.main import create_app
from app.tables import APPOINTMENTS, MEDICAL_RECORDS
from monitor.database import scope
from monitor.tenancy.context import bind
from tests.app.service import (
    Service,
    appointment,
    config_of,
    contact,
    database_of,
    record,
    running,
)
from tests.servers import PostgresServer

MARK = "mark-7f3a"


async def test_no_race_for_an_address_is_told_in_postgresqls_log(
    clinics_on_postgres: str, postgres_server: PostgresServer
) -> None:
    """Creations and changes that want one address wait for each other; no index has to refuse one."""
    log = postgres_server.folder / "postgres.log"
    told = len(log.read_bytes())
    async with running(config_of(clinics_on_postgres)) as one, running(config_of(clinics_on_postgres)) as two:
        for number in range(6):
            await one.staff.post("/api/contacts", contact(name=f"{MARK} {number}"))
        for attempt in range(6):
            address = {"email": f"{MARK}-{attempt}@example.org"}
            answers = await asyncio.gather(
                *(worker.staff.post("/api/contacts", contact(**address)) for worker in (one, two) * 4),
                *(
                    worker.staff.ask("PATCH", f"/api/contacts/{number + 1}", address, version="*")
                    for number, worker in enumerate((one, two) * 3)
                ),
            )
            assert 1 == sum(answer.is_success for answer in answers)
            assert {409} == {answer.status_code for answer in answers if not answer.is_success}

    assert MARK.encode() not in log.read_bytes()[told:]
    assert b"violates" not in log.read_bytes()[told:]


async def test_no_race_for_a_contact_is_told_in_postgresqls_log(
    clinics_on_postgres: str, postgres_server: PostgresServer
) -> None:
    """A contact that is deleted while somebody books for it is gone or stays; no key is ever broken."""
    log = postgres_server.folder / "postgres.log"
    told = len(log.read_bytes())
    async with running(config_of(clinics_on_postgres)) as one, running(config_of(clinics_on_postgres)) as two:
        for number in range(1, 9):
            await one.staff.post("/api/contacts", contact())
            answers = await asyncio.gather(
                one.staff.post("/api/medical-records", record(number)),
                two.staff.ask("DELETE", f"/api/contacts/{number}"),
                two.staff.post("/api/appointments", appointment(number, practitioner=f"Dr. {number}")),
                one.staff.ask("DELETE", f"/api/contacts/{number}"),
            )
            assert {answer.status_code for answer in answers} <= {201, 204, 404, 409, 422}

    assert b"violates" not in log.read_bytes()[told:]


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.mark.parametrize("before", [None, 0o644, 0o660])
async def test_a_sqlite_file_is_its_owners(tmp_path: Path, before: int | None) -> None:
    """Nobody else may read the file or its journals, be they new or from before."""
    path = tmp_path / "clinics.db"
    if before is not None:
        path.touch()
        path.chmod(before)
    url = f"sqlite+aiosqlite:///{path}"
    database = database_of(url)
    await database.ping()
    modes = _modes(tmp_path)
    await database.aclose()

    assert "clinics.db" in modes
    assert {} == {name: oct(mode) for name, mode in modes.items() if mode & stat.S_IRWXO}
    assert before is not None or {0o600} == set(modes.values())


@pytest.mark.parametrize(
    ("table", "column", "path", "body"),
    [
        (MEDICAL_RECORDS, "kind", "/api/medical-records", record()),
        (APPOINTMENTS, "status", "/api/appointments", appointment()),
    ],
    ids=["record", "appointment"],
)
async def test_a_word_of_a_row_is_printed_nowhere(
    clinics_url: str, capfd: pytest.CaptureFixture[str], table: object, column: str, path: str, body: object
) -> None:
    """A row with a word that nobody knows is answered 500, and neither answer nor log repeats it."""
    stream = io.BytesIO()
    app = create_app(config_of(clinics_url, TASKMED_LOG_LEVEL="debug"), stream=stream)
    async with app.router.lifespan_context(app):
        service = Service(app)
        await service.staff.post("/api/contacts", contact())
        await service.staff.post(path, body)
        database = database_of(clinics_url)
        with bind(1):
            async with database.writing() as unit:
                await unit.execute(scope.update(table).values({column: MARK}))  # type: ignore[arg-type]
        await database.aclose()
        answers = [await service.staff.get(where) for where in (f"{path}/1", path)]

    printed = capfd.readouterr()
    assert [500, 500] == [answer.status_code for answer in answers]
    for text in (*(answer.text for answer in answers), stream.getvalue().decode(), printed.out, printed.err):
        assert MARK not in text


async def test_medical_records_are_stored_nowhere_on_their_way(service: Service) -> None:
    """`no-store` stands on every answer about records: made, loaded, cached, unchanged, refused."""
    await service.staff.post("/api/contacts", contact())
    made = await service.staff.post("/api/medical-records", record())
    where, page = "/api/medical-records/1", "/api/medical-records"
    tag = made.headers["ETag"]
    answers = [
        made,
        *[await service.staff.get(path) for path in (where, where, page, page, "/api/medical-records/9")],
        await service.staff.ask("GET", where, headers={"If-None-Match": tag}),
        await service.staff.ask("PATCH", where, {"title": "Another"}, version=tag),
        await service.staff.ask("PATCH", where, {"title": "Another"}, version=tag),
        await service.stranger.get(where),
    ]

    assert 304 in {answer.status_code for answer in answers}
    assert {"no-store"} == {answer.headers["Cache-Control"] for answer in answers}
    assert "no-store" != (await service.staff.get("/api/contacts/1")).headers["Cache-Control"]
