"""Creations that a client may repeat: one key stands for one thing made, for a day.

The key and what was made are written in the transaction that makes it, so neither exists without
the other: a client that lost the answer repeats the request and is given the same one.
(draft-ietf-httpapi-idempotency-key-header-07)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import msgspec

from app.errors import KeyInUse, KeyReused
from app.housekeeping import IDEMPOTENCY_KEYS
from app.services.moments import now_of
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import UnitOfWork
from monitor.errors import ConstraintViolated
from monitor.tenancy.context import current_tenant

KEPT = timedelta(days=1)

Made = TypeVar("Made", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a creation.

    Attributes:
        key: Digest of the client's key.
        payload: Digest of what it asks for; another one under the same key is a mistake.
    """

    key: str
    payload: str


@dataclass(frozen=True, slots=True)
class Creation(Generic[Made]):
    """One unit of work in which something is made.

    Attributes:
        unit: The transaction.
        attempt: The client's key; None where it gave none.
        made: What an earlier attempt made.
    """

    unit: UnitOfWork
    attempt: Attempt | None
    made: Made | None

    async def keep(self, made: Made) -> Made:
        """Keep what was made for the attempts that may follow, and return it."""
        if self.attempt is not None:
            kept = msgspec.json.encode(made).decode()
            of_key = IDEMPOTENCY_KEYS.c.key == self.attempt.key
            await self.unit.execute(scope.update(IDEMPOTENCY_KEYS).where(of_key).values(made=kept))
        return made


class Creations:
    """Opens the units of work in which things are made, once for each key of the bound clinic.

    Args:
        database: Where they are written.
        clock: What the day is measured by.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._under_way: set[tuple[int, str]] = set()

    @asynccontextmanager
    async def once(self, attempt: Attempt | None, shape: type[Made]) -> AsyncIterator[Creation[Made]]:
        """Open a unit of work; its `made` is what an earlier attempt made, if there was one.

        Args:
            attempt: The client's; None for a client that repeats nothing.
            shape: What is made.

        Raises:
            KeyInUse: Another request with the key is under way.
            KeyReused: The key stands for something else.
        """
        if attempt is None:
            async with self._database.writing() as unit:
                yield Creation(unit, None, None)
            return
        claim = int(current_tenant()), attempt.key
        if claim in self._under_way:
            raise KeyInUse
        self._under_way.add(claim)
        try:
            async with self._database.writing() as unit:
                made = await self._earlier(unit, attempt, shape)
                if made is None:
                    await self._claim(unit, attempt)
                yield Creation(unit, attempt, made)
        finally:
            self._under_way.discard(claim)

    async def _earlier(self, unit: UnitOfWork, attempt: Attempt, shape: type[Made]) -> Made | None:
        oldest = now_of(self._clock) - KEPT
        await unit.execute(scope.delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.created_at <= oldest))
        wanted = scope.select(IDEMPOTENCY_KEYS, IDEMPOTENCY_KEYS.c.payload, IDEMPOTENCY_KEYS.c.made)
        row: Any = await unit.one(wanted.where(IDEMPOTENCY_KEYS.c.key == attempt.key))
        if row is None:
            return None
        if row.payload != attempt.payload:
            raise KeyReused
        return msgspec.json.decode(row.made, type=shape)

    async def _claim(self, unit: UnitOfWork, attempt: Attempt) -> None:
        # Another process that uses the key now holds this statement up until its own transaction ends.
        row = {"key": attempt.key, "payload": attempt.payload, "made": "", "created_at": now_of(self._clock)}
        try:
            await unit.execute(scope.insert(IDEMPOTENCY_KEYS, **row))
        except ConstraintViolated:
            raise KeyInUse from None
