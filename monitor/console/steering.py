"""What an operator may move from the console: the cache's switch and its rollout."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.cache.rollout import Rollout
from monitor.console.links import Links
from monitor.console.security import FormFields
from monitor.console.session import Session
from monitor.errors import DatabaseError
from monitor.operations.cache_switch_endpoint import CacheSwitch, Position
from monitor.operations.orders import OrderRefused
from monitor.tenancy.naming import TenantNaming

SAID: Final = {
    "off": ("Switched off. Every worker follows within a moment.", "good"),
    "on": ("Switched on. Nothing it held before is served.", "good"),
    "share": ("The share is set. Every worker follows within a moment.", "good"),
    "scope": ("Nothing was changed: give a tenant's number and a domain of the list.", "bad"),
    "number": ("Nothing was changed: a share is a number from 0 to 100.", "bad"),
    "database": ("Nothing was changed: the database does not answer. Try again.", "bad"),
}
_SEE_OTHER: Final = 303


class Steering:
    """Takes the forms of the cache page.

    Args:
        switch: The cache's switch.
        rollout: The shares that this worker follows.
        domains: Every cached domain.
        moved: Told after each change.
        naming: What the service calls its tenants.
    """

    def __init__(
        self,
        switch: CacheSwitch,
        rollout: Rollout,
        domains: Collection[str],
        moved: Callable[[], None],
        naming: TenantNaming,
    ) -> None:
        self._naming = naming
        self._switch = switch
        self._rollout = rollout
        self._domains = domains
        self._moved = moved

    def said(self, word: str) -> tuple[str, str]:
        """Return what a page says after a change, and of which kind it is; nothing for another word."""
        text, kind = SAID.get(word, ("", "good"))
        return self._naming.spoken(text), kind

    @property
    def share(self) -> float:
        """The share of all traffic that uses the cache in this worker."""
        return self._rollout.overall

    @property
    def is_durable(self) -> bool:
        """Whether what is moved reaches every worker and outlives a restart."""
        return self._switch.is_durable

    async def switch(self, request: Request, _session: Session, fields: FormFields) -> Response:
        """Switch the cache off or on for a scope."""
        enabled = fields.get("enabled") == "yes"
        return await self._move(request, fields, "on" if enabled else "off", enabled=enabled)

    async def roll_out(self, request: Request, _session: Session, fields: FormFields) -> Response:
        """Set the share of the traffic that uses the cache."""
        share = _percent(fields.get("share", ""))
        if share is None:
            return self._answer(request, "number")
        return await self._move(request, fields, "share", share=share)

    async def _move(self, request: Request, fields: FormFields, said: str, **asked: float) -> Response:
        try:
            await self._switch.move(self._position(fields, asked))
        except (msgspec.ValidationError, OrderRefused, ValueError):
            return self._answer(request, "scope")
        except DatabaseError:
            return self._answer(request, "database")
        return self._answer(request, said)

    def _position(self, fields: FormFields, asked: Mapping[str, float]) -> Position:
        domain, tenant = fields.get("domain"), fields.get(self._naming.singular)
        if domain is not None and domain not in self._domains:
            raise ValueError("no such domain")
        given = {**asked, "domain": domain, "tenantId": None if tenant is None else int(tenant)}
        return msgspec.convert(given, Position)

    def _answer(self, request: Request, said: str) -> Response:
        self._moved()
        return RedirectResponse(Links.of(request, self._naming).to("cache", said=said), _SEE_OTHER)


def _percent(text: str) -> float | None:
    try:
        percent = float(text)
    except ValueError:
        return None
    return percent / 100 if 0 <= percent <= 100 else None  # noqa: PLR2004 - per cent
