"""The contract of a store, over every kind of it."""

from __future__ import annotations

import asyncio

from monitor.cache.store import Store
from tests.conditions import until


async def test_a_written_value_is_read_back_as_it_was(store: Store) -> None:
    """Bytes come back unchanged, whatever they hold."""
    value = bytes(range(256)) * 5

    await store.write("{a:b}:k", value, 60.0)

    reading = await store.read(("{a:b}:k",))
    assert [value] == list(reading.values)


async def test_absent_keys_read_as_none_in_their_place(store: Store) -> None:
    """A reading has one value for each key, in order, None where there is none."""
    await store.write("{a:b}:2", b"two", 60.0)

    reading = await store.read(("{a:b}:1", "{a:b}:2", "{a:b}:3"))

    assert [None, b"two", None] == list(reading.values)


async def test_reads_of_one_tick_do_not_mix(store: Store) -> None:
    """Readers that share a trip each get their own keys, shared ones included."""
    for number in range(50):
        await store.write(f"{{a:b}}:{number}", b"%d" % number, 60.0)

    async def read(number: int) -> list[bytes | None]:
        return list((await store.read(("{a:b}:0", f"{{a:b}}:{number}"))).values)

    answers = await asyncio.gather(*(read(number) for number in range(50)))

    assert [[b"0", b"%d" % number] for number in range(50)] == answers


async def test_a_value_expires(store: Store) -> None:
    """A value is gone once its time to live has passed."""
    await store.write("{a:b}:k", b"v", 0.02)

    async def gone() -> bool:
        return list((await store.read(("{a:b}:k",))).values) == [None]

    await until(gone)


async def test_write_if_absent_keeps_what_is_there(store: Store) -> None:
    """Every caller learns what the key holds, whoever came first."""
    await store.write("{a:b}:1", b"first", 60.0)

    held = await store.write_if_absent({"{a:b}:1": b"second", "{a:b}:2": b"second"}, 60.0)

    assert {"{a:b}:1": b"first", "{a:b}:2": b"second"} == dict(held)
    reading = await store.read(("{a:b}:1", "{a:b}:2"))
    assert [b"first", b"second"] == list(reading.values)


async def test_concurrent_write_if_absent_agree(store: Store) -> None:
    """Of many concurrent writers one wins and all others are told its value."""
    answers = await asyncio.gather(
        *(store.write_if_absent({"{a:b}:k": b"%d" % number}, 60.0) for number in range(20))
    )

    assert 1 == len({answer["{a:b}:k"] for answer in answers})


async def test_replace_overwrites_all_and_names_the_incarnation(store: Store) -> None:
    """The incarnation that ran the replacements is the one that answers reads."""
    await store.write("{a:b}:1", b"old", 60.0)

    incarnation = await store.replace({"{a:b}:1": b"new", "{a:b}:2": b"new"}, 60.0)

    reading = await store.read(("{a:b}:1", "{a:b}:2"))
    assert [b"new", b"new"] == list(reading.values)
    assert incarnation == reading.incarnation == await store.ping()


async def test_deleted_keys_are_gone(store: Store) -> None:
    """Deleting removes the named keys and no other."""
    await store.write("{a:b}:1", b"1", 60.0)
    await store.write("{a:b}:2", b"2", 60.0)

    await store.delete(("{a:b}:1", "{a:b}:absent"))

    assert [None, b"2"] == list((await store.read(("{a:b}:1", "{a:b}:2"))).values)


async def test_it_works_on_after_a_reconnect(store: Store) -> None:
    """Reconnecting to the same run keeps values and incarnation."""
    await store.write("{a:b}:k", b"v", 60.0)
    before = await store.ping()

    await store.reconnect()

    reading = await store.read(("{a:b}:k",))
    assert [b"v"] == list(reading.values)
    assert before == reading.incarnation


async def test_a_cancelled_reader_harms_nobody(store: Store) -> None:
    """Readers cancelled at any step leave every other reader its own answer."""
    for number in range(40):
        await store.write(f"{{a:b}}:{number}", b"%d" % number, 60.0)

    async def read(number: int) -> list[bytes | None]:
        return list((await store.read((f"{{a:b}}:{number}",))).values)

    for step in range(6):
        readers = [asyncio.ensure_future(read(number)) for number in range(40)]
        for _ in range(step):
            await asyncio.sleep(0)
        for reader in readers[::2]:
            reader.cancel()
        done = await asyncio.gather(*readers, return_exceptions=True)
        for number, answer in enumerate(done):
            assert answer == [b"%d" % number] or isinstance(answer, asyncio.CancelledError)
        assert [b"39"] == await read(39)
