"""Generations: random, agreed on by all, replaced by writes."""

from __future__ import annotations

import asyncio

import pytest

from monitor.cache.generations import TOKEN_BYTES, Generations, born_at, stamp
from monitor.cache.memory_store import MemoryStore
from monitor.cache.store import Store
from monitor.errors import StoreUnavailable
from monitor.testing.fakes import ManualClock
from tests.monitor.cache.conftest import page, scope

KEYS = page().generation_keys


async def test_missing_generations_come_into_being_once(store: Store) -> None:
    """Everyone who finds a generation missing ends up with the same one."""
    generations = Generations(store, ManualClock())

    answers = await asyncio.gather(*(generations.complete(KEYS, (None, None)) for _ in range(20)))

    assert 1 == len(set(answers))
    assert [len(token) for token in answers[0]] == [TOKEN_BYTES, TOKEN_BYTES]


async def test_a_present_generation_is_kept(store: Store) -> None:
    """Only the missing one is made."""
    generations = Generations(store, ManualClock())
    first = await generations.complete(KEYS, (None, None))

    assert first == await generations.complete(KEYS, (first[0], None))


async def test_a_write_replaces_list_and_entity_and_leaves_the_rest(store: Store) -> None:
    """The generations of the scope change, those of other entities do not."""
    generations = Generations(store, ManualClock())
    keys = ("{tenant_1:contacts}:gen", "{tenant_1:contacts}:gen:7", "{tenant_1:contacts}:gen:8")
    before = await generations.complete(keys, (None, None, None))

    await generations.replace([scope(entity="7")])

    after = (await store.read(keys)).values
    assert [False, False, True] == [old == new for old, new in zip(before, after, strict=True)]


async def test_tokens_never_repeat(memory: MemoryStore) -> None:
    """Two tokens made at the same moment differ."""
    generations = Generations(memory, ManualClock())

    assert 1_000 == len({generations.fresh() for _ in range(1_000)})


def test_a_stamp_knows_when_its_own_generation_was_made(memory: MemoryStore) -> None:
    """The age of a generation can be told from the stamp of its entries."""
    clock = ManualClock()
    own = Generations(memory, clock).fresh()
    began = clock.time()
    clock.advance(5.0)

    assert born_at(stamp(1, own, Generations(memory, clock).fresh())) == began


async def test_something_that_is_no_token_is_refused(store: Store) -> None:
    """A foreign value in a generation's place is a failing store, never a generation."""
    await store.write(KEYS[0], b"1", 60.0)
    with pytest.raises(StoreUnavailable):
        await Generations(store, ManualClock()).complete(KEYS, (b"1", None))
