"""The switch by share, through the service's door: two workers, both databases, one Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from zlib import crc32

import pytest

from monitor.cache.keys import make_key
from monitor.settings import CacheSettings
from tests.conditions import until
from tests.monitor.clinic import Clinic, clinic, make_tables

SWITCH = "/api/cache/switch"
TENANTS = tuple(range(1, 13))
SEALING = {"k1": bytes(range(32))}


def inside(share: float) -> set[int]:
    """Return the tenants whose list is among the share that may use the cache."""
    keys = {tenant: make_key(tenant, "notes", "list") for tenant in TENANTS}
    return {tenant for tenant, key in keys.items() if crc32(key.encode()) < share * 2**32}


@pytest.fixture
async def notes_url(database_url: str) -> str:
    """Give a database with the kit's tables, once on SQLite and once on PostgreSQL."""
    await make_tables(database_url)
    return database_url


@pytest.fixture
def settings(redis_url: str) -> CacheSettings:
    """Give what two workers share."""
    return CacheSettings(url=redis_url, sealing_keys=SEALING, lease_s=0.5, poll_s=0.05, timeout_s=1.0)


@pytest.fixture
async def workers(notes_url: str, settings: CacheSettings) -> AsyncIterator[list[Clinic]]:
    """Give two workers that serve from the cache."""
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(clinic(notes_url, settings)) for _ in range(2)]
        for worker in made:
            await until(lambda worker=worker: uses(worker, set(TENANTS)), 20.0)  # type: ignore[misc]
        yield made


async def uses(worker: Clinic, tenants: set[int]) -> bool:
    """Say whether exactly these tenants' lists are answered through the cache."""
    outcomes = {tenant: await worker.outcome(str(tenant)) for tenant in TENANTS}
    return {tenant for tenant, outcome in outcomes.items() if outcome != "bypass"} == tenants


async def moved(worker: Clinic, **position: object) -> object:
    answer = await worker.ask("PUT", SWITCH, "operator", position)
    assert answer.status_code == 200
    return answer.json()


async def test_a_share_reaches_every_worker_and_outlives_them(
    workers: list[Clinic], notes_url: str, settings: CacheSettings
) -> None:
    """Every worker lets the same keys through, one that starts later too, until the share is moved again."""
    one, other = workers
    assert await moved(one, share=0.5) == {
        "off": [],
        "shares": [{"tenantId": None, "domain": None, "share": 0.5}],
    }
    assert set() < inside(0.5) < set(TENANTS)
    for worker in workers:
        await until(lambda worker=worker: uses(worker, inside(0.5)), 20.0)  # type: ignore[misc]
    async with clinic(notes_url, settings) as later:
        await until(lambda: uses(later, inside(0.5)), 20.0)
    await moved(other, share=1)
    for worker in workers:
        await until(lambda worker=worker: uses(worker, set(TENANTS)), 20.0)  # type: ignore[misc]


async def test_a_growing_share_revives_nothing_that_was_replaced(workers: list[Clinic]) -> None:
    """Writes make entries stale while their keys are kept from the cache, on whichever worker."""
    one, other = workers
    kept_out = str(min(set(TENANTS) - inside(0.5)))
    for worker in workers:
        await until(lambda worker=worker: hits(worker, kept_out), 20.0)  # type: ignore[misc]
    await moved(one, share=0.5)
    for worker in workers:
        await until(lambda worker=worker: uses(worker, inside(0.5)), 20.0)  # type: ignore[misc]
    await one.write("while it was kept out", kept_out)
    await moved(one, share=1)
    for worker in workers:
        await until(lambda worker=worker: hits(worker, kept_out), 20.0)  # type: ignore[misc]

    assert (await other.get(caller=kept_out)).json() == ["while it was kept out"]
    assert (await one.get(caller=kept_out)).json() == ["while it was kept out"]


async def test_domains_and_clinics_have_shares_of_their_own(workers: list[Clinic]) -> None:
    """The least counts; each is taken back by itself, and off is a share of nothing."""
    one, other = workers
    everyone = set(TENANTS)
    await moved(one, share=0.5, domain="notes")
    await moved(one, share=0, tenantId=3)
    await moved(one, share=0.5, tenantId=4, domain="letters")
    await until(lambda: uses(other, inside(0.5) - {3}), 20.0)
    said = await moved(one, enabled=True, domain="notes")
    await until(lambda: uses(other, everyone - {3}), 20.0)
    await moved(one, share=1, tenantId=3)
    await until(lambda: uses(other, everyone), 20.0)

    assert said == {
        "off": [{"tenantId": 3, "domain": None}],
        "shares": [{"tenantId": 4, "domain": "letters", "share": 0.5}],
    }


async def test_the_durable_share_stands_in_place_of_the_one_at_the_start(notes_url: str) -> None:
    """A service that starts with nothing can be let through, and falls back to nothing."""
    async with clinic(notes_url, CacheSettings(enabled=False, poll_s=0.05, lease_s=0.5)) as service:
        assert (await service.get(SWITCH, "operator")).json()["off"] == [{"tenantId": None, "domain": None}]
        await moved(service, share=1)
        await until(lambda: uses(service, set(TENANTS)), 20.0)
        await moved(service, enabled=True)
        await until(lambda: uses(service, set()), 20.0)


@pytest.mark.parametrize(
    "position", [{}, {"enabled": True, "share": 0.5}, {"share": 1.5}, {"share": -0.1}, {"share": "half"}]
)
async def test_a_position_that_makes_no_sense_is_refused(sqlite_url: str, position: object) -> None:
    """Either on and off, or a share between nothing and all."""
    await make_tables(sqlite_url)
    async with clinic(sqlite_url) as service:
        answer = await service.ask("PUT", SWITCH, "operator", position)

    assert answer.status_code == 422


async def hits(worker: Clinic, tenant: str) -> bool:
    return await worker.outcome(tenant) == "hit"


async def test_a_domain_that_is_not_there_is_refused(workers: list[Clinic]) -> None:
    """A typo moves nothing, and the answer lists what there is to switch."""
    one, _ = workers

    refused = await one.ask("PUT", SWITCH, "operator", {"enabled": False, "domain": "note"})

    assert (422, True) == (refused.status_code, "letters, notes" in refused.json()["detail"])
    assert {"off": [], "shares": []} == (await one.get(SWITCH, "operator")).json()
