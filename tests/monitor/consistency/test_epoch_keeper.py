"""Which run of the primary counts, however restarts and failovers follow each other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from monitor.testing.fake_redis import RedisFault
from tests.monitor.consistency.world import LEASE_S, TICK_S, Worker, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Give a world without workers."""
    world = World()
    yield world
    await world.close()


@pytest.fixture
async def worker(world: World) -> Worker:
    """Give its one worker, in epoch 1."""
    [worker] = await world.workers(1)
    return worker


async def test_a_restarted_redis_begins_an_epoch(world: World, worker: Worker) -> None:
    """A run that nobody has named becomes the next epoch with the first poll that reaches it."""
    world.redis.restart()

    await worker.step()

    assert [(0, ""), (1, "run-1"), (2, "run-2")] == world.outbox.epochs


async def test_an_unreachable_redis_changes_nothing(world: World, worker: Worker) -> None:
    """No answer is no news about which primary counts."""
    worker.store.fault = RedisFault.REFUSED

    await worker.step()

    assert [(0, ""), (1, "run-1")] == world.outbox.epochs


async def test_a_worker_on_an_old_primary_leaves_it(world: World, worker: Worker) -> None:
    """Once another primary counts, a worker that still reaches the old one connects again."""
    world.redis.fail_over({})
    world.outbox.epochs.append((2, world.redis.primary.incarnation))

    await worker.step()

    assert "run-2" == await worker.store.ping()
    assert 3 == len(world.outbox.epochs)


async def test_a_primary_named_too_early_counts_again(world: World, worker: Worker) -> None:
    """Where every new connection goes on reaching a run that is over, it is the primary after all."""
    world.outbox.epochs.append((2, "run of a server that is gone"))
    await worker.step()
    await world.pass_time(LEASE_S / 2)
    await worker.step()
    assert 3 == len(world.outbox.epochs)

    await world.pass_time(LEASE_S / 2 + TICK_S)
    await worker.step()

    assert (3, "run-1") == world.outbox.epochs[-1]


async def test_patience_with_an_old_primary_begins_anew(world: World, worker: Worker) -> None:
    """Reaching the current primary in between, or another old one, starts the wait again."""
    world.outbox.epochs.append((2, "another run"))
    await worker.step()
    world.outbox.epochs.append((3, "run-1"))
    await worker.step()
    world.outbox.epochs.append((4, "another run still"))
    await world.pass_time(LEASE_S + TICK_S)

    await worker.step()

    assert 5 == len(world.outbox.epochs)
