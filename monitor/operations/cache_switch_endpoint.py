"""`/api/cache/switch`: the cache off, on or on for a share of all, a domain or a tenant; for operators.

Where there is an outbox the switch is durable and reaches every worker within one poll;
without one it is this process's own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from monitor.cache.rollout import Rollout
from monitor.operations.json_body import JsonBody
from monitor.operations.orders import OrderRefused, read_order
from monitor.problems import problem
from monitor.tenancy.identity import Identity
from monitor.tenancy.naming import TenantNaming

if TYPE_CHECKING:  # a service without a database loads none of it
    from monitor.consistency.durable_switch import DurableSwitch

_NO_STORE = {"Cache-Control": "no-store"}


class Position(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What an operator asks for: `enabled` or a `share`, for a tenant, a domain, both, or everything."""

    enabled: bool | None = None
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    tenant_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    domain: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=48)] | None = None

    def __post_init__(self) -> None:
        if (self.enabled is None) == (self.share is None):
            raise ValueError("Give either `enabled` or `share`")


class Off(msgspec.Struct, rename="camel"):
    """One thing that is switched off; null stands for all."""

    tenant_id: int | None
    domain: str | None


class Share(msgspec.Struct, rename="camel"):
    """How much of something's traffic may use the cache; null stands for all."""

    tenant_id: int | None
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
        naming: What the service calls its tenants.
        domains: Every cached domain; a switch of another one would move nothing.
        exists: Says whether there is such a tenant; None where nobody can tell.
    """

    def __init__(
        self,
        rollout: Rollout,
        kill_switch: DurableSwitch | None,
        identify: Callable[[Request], Identity | None],
        naming: TenantNaming,
        domains: Collection[str] | None = None,
        exists: Callable[[int], Awaitable[bool]] | None = None,
    ) -> None:
        self._noun = naming.singular
        self._position = JsonBody(Position, naming)
        self._switches = JsonBody(Switches, naming)
        self._rollout = rollout
        self._kill_switch = kill_switch
        self._identify = identify
        self._domains = domains
        self._exists = exists

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
                await self.move(await read_order(request, self._position))
            except OrderRefused as refused:
                return problem(refused.status, refused.reason)
        body = self._switches.encode(await self.switches())
        return Response(body, 200, _NO_STORE, "application/json")

    async def move(self, position: Position) -> None:
        """Switch the cache off, on, or on for a share, for the position's scope.

        Raises:
            OrderRefused: There is no such domain or tenant; nothing has changed.
            DatabaseError: The durable switch could not be reached; nothing has changed.
        """
        await self._require_known(position)
        share = float(bool(position.enabled)) if position.share is None else position.share
        switch, tenant, domain = self._kill_switch, position.tenant_id, position.domain
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
        """Return what is switched off, as (tenant, domain); None stands for all.

        Raises:
            DatabaseError: The durable switch could not be reached.
        """
        return [scope for scope, share in (await self._positions()).items() if not share]

    async def _require_known(self, position: Position) -> None:
        scope = position.tenant_id, position.domain
        if scope == (None, None) or scope in await self._positions():
            return  # what stands can be taken back, though its tenant has gone meanwhile
        if self._domains is not None and position.domain not in (None, *self._domains):
            known = ", ".join(sorted(self._domains))
            reason = f"There is no such domain; the cached ones are: {known}."
            raise OrderRefused(HTTPStatus.UNPROCESSABLE_ENTITY, reason)
        tenant, exists = position.tenant_id, self._exists
        if tenant is not None and exists is not None and not await exists(tenant):
            raise OrderRefused(HTTPStatus.NOT_FOUND, f"There is no such {self._noun}.")

    async def _positions(self) -> dict[tuple[int | None, str | None], float]:
        durable = {} if self._kill_switch is None else await self._kill_switch.positions()
        return {**self._rollout.own, **durable}
