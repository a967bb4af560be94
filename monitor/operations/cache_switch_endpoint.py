"""`/api/cache/switch`: the cache off, on or on for a share of all, a domain or a clinic; for operators.

Where there is an outbox the switch is durable and reaches every worker within one poll;
without one it is this process's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from monitor.cache.rollout import Rollout
from monitor.consistency.durable_switch import DurableSwitch
from monitor.problems import problem
from monitor.tenancy.identity import Identity

_ENCODE = msgspec.json.Encoder().encode


class Position(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What an operator asks for: `enabled` or a `share`, for a clinic, a domain, both, or everything."""

    enabled: bool | None = None
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    clinic_id: Annotated[int, msgspec.Meta(ge=1)] | None = None
    domain: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=48)] | None = None

    def __post_init__(self) -> None:
        if (self.enabled is None) == (self.share is None):
            raise ValueError("Give either `enabled` or `share`")


class Off(msgspec.Struct, rename="camel"):
    """One thing that is switched off; null stands for all."""

    clinic_id: int | None
    domain: str | None


class Share(msgspec.Struct, rename="camel"):
    """How much of something's traffic may use the cache; null stands for all."""

    clinic_id: int | None
    domain: str | None
    share: float


class Switches(msgspec.Struct):
    """What is switched off, and what has a share of its own."""

    off: list[Off]
    shares: list[Share]


class CacheSwitch:
    """Shows and moves the switch.

    Args:
        rollout: The process's own switch.
        kill_switch: The durable one; None without an outbox.
        identify: Who asks; None for nobody that is known.
    """

    def __init__(
        self,
        rollout: Rollout,
        kill_switch: DurableSwitch | None,
        identify: Callable[[Request], Identity | None],
    ) -> None:
        self._rollout = rollout
        self._kill_switch = kill_switch
        self._identify = identify

    @property
    def is_durable(self) -> bool:
        """Whether what is moved reaches every worker and outlives a restart."""
        return self._kill_switch is not None

    async def endpoint(self, request: Request) -> Response:
        """GET tells what is off or has a share; PUT moves the switch."""
        identity = self._identify(request)
        if identity is None or not identity.operator:
            return problem(
                HTTPStatus.FORBIDDEN if identity else HTTPStatus.UNAUTHORIZED, "The switch is for operators."
            )
        if request.method == "PUT":
            try:
                position = msgspec.json.decode(await request.body(), type=Position)
            except msgspec.MsgspecError as error:
                return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.")
            await self.move(position)
        return _json(await self.switches(), 200)

    async def move(self, position: Position) -> None:
        """Switch the cache off, on, or on for a share, for the position's scope.

        Raises:
            DatabaseError: The durable switch could not be reached; nothing has changed.
        """
        share = float(bool(position.enabled)) if position.share is None else position.share
        switch, tenant, domain = self._kill_switch, position.clinic_id, position.domain
        if switch is None:
            self._rollout.set(share, domain=domain, tenant=tenant)
        elif share <= 0:
            await switch.turn_off(tenant=tenant, domain=domain)
        elif position.share is None:
            await switch.turn_on(tenant=tenant, domain=domain)
        else:
            await switch.set_share(share, tenant=tenant, domain=domain)

    async def switches(self) -> Switches:
        """Return what is off and what has a share, be it by an operator or from the start of this worker.

        Raises:
            DatabaseError: The durable switch could not be reached.
        """
        positions = await self._positions()
        return Switches(
            [Off(*scope) for scope, share in positions.items() if not share],
            [Share(*scope, share) for scope, share in positions.items() if 0 < share < 1],
        )

    async def off(self) -> Sequence[tuple[int | None, str | None]]:
        """Return what is switched off, as (clinic, domain); None stands for all.

        Raises:
            DatabaseError: The durable switch could not be reached.
        """
        return [scope for scope, share in (await self._positions()).items() if not share]

    async def _positions(self) -> dict[tuple[int | None, str | None], float]:
        durable = {} if self._kill_switch is None else await self._kill_switch.positions()
        return {**self._rollout.own, **durable}


def _json(body: object, status: int) -> Response:
    return Response(_ENCODE(body), status, {"Cache-Control": "no-store"}, "application/json")
