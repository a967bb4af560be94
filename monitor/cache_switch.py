"""`/api/cache/switch`: the cache off and on for all, a domain or a clinic; for operators.

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
from monitor.database.kill_switch import KillSwitch
from monitor.problem import problem
from monitor.tenancy.identity import Identity

_ENCODE = msgspec.json.Encoder().encode


class Position(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What an operator asks for: `enabled`, for a clinic, a domain, both, or everything."""

    enabled: bool
    clinic_id: Annotated[int, msgspec.Meta(ge=1)] | None = None
    domain: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=48)] | None = None


class Off(msgspec.Struct, rename="camel"):
    """One thing that is switched off; null stands for all."""

    clinic_id: int | None
    domain: str | None


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
        kill_switch: KillSwitch | None,
        identify: Callable[[Request], Identity | None],
    ) -> None:
        self._rollout = rollout
        self._kill_switch = kill_switch
        self._identify = identify

    async def endpoint(self, request: Request) -> Response:
        """GET tells what is off; PUT moves the switch."""
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
        return _json({"off": [Off(*scope) for scope in await self.off()]}, 200)

    async def move(self, position: Position) -> None:
        """Switch the cache off or on for the position's scope.

        Raises:
            DatabaseError: The durable switch could not be reached; nothing has changed.
        """
        switch = self._kill_switch
        if switch is None:
            share = 1.0 if position.enabled else 0.0
            self._rollout.set(share, domain=position.domain, tenant=position.clinic_id)
        elif position.enabled:
            await switch.turn_on(tenant=position.clinic_id, domain=position.domain)
        else:
            await switch.turn_off(tenant=position.clinic_id, domain=position.domain)

    async def off(self) -> Sequence[tuple[int | None, str | None]]:
        """Return what is switched off, as (clinic, domain); None stands for all.

        Raises:
            DatabaseError: The durable switch could not be reached.
        """
        return self._rollout.off_scopes() if self._kill_switch is None else await self._kill_switch.off()


def _json(body: object, status: int) -> Response:
    return Response(_ENCODE(body), status, {"Cache-Control": "no-store"}, "application/json")
