"""What an operator may move from the console: the cache's switch and its rollout."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.cache.rollout import Rollout
from monitor.cache_switch import CacheSwitch, Position
from monitor.console.links import Links
from monitor.console.security import Fields
from monitor.console.session import Session
from monitor.errors import DatabaseError

SAID: Final = {
    "off": ("Switched off. Every worker follows within a moment.", "good"),
    "on": ("Switched on. Nothing it held before is served.", "good"),
    "share": ("The share is set.", "good"),
    "scope": ("Nothing was changed: give a clinic's number and a domain of the list.", "bad"),
    "number": ("Nothing was changed: a share is a number from 0 to 100.", "bad"),
    "both": ("Nothing was changed: give a share for a domain or for a clinic, not for both.", "bad"),
    "database": ("Nothing was changed: the database does not answer. Try again.", "bad"),
}
_SEE_OTHER: Final = 303


class Steering:
    """Takes the forms of the cache page.

    Args:
        switch: The cache's switch.
        rollout: The shares of this worker.
        domains: Every cached domain.
        moved: Told after each change.
    """

    def __init__(
        self,
        switch: CacheSwitch,
        rollout: Rollout,
        domains: Collection[str],
        moved: Callable[[], None],
    ) -> None:
        self._switch = switch
        self._rollout = rollout
        self._domains = domains
        self._moved = moved

    @property
    def share(self) -> float:
        """The share of all traffic that uses the cache in this worker."""
        return self._rollout.overall

    async def switch(self, request: Request, _session: Session, fields: Fields) -> Response:
        """Switch the cache off or on for a scope."""
        enabled = fields.get("enabled") == "yes"
        try:
            await self._switch.move(self._position(fields, enabled=enabled))
        except (msgspec.ValidationError, ValueError):
            return self._answer(request, "scope")
        except DatabaseError:
            return self._answer(request, "database")
        return self._answer(request, "on" if enabled else "off")

    async def roll_out(self, request: Request, _session: Session, fields: Fields) -> Response:
        """Set the share of the traffic that uses the cache."""
        try:
            position = self._position(fields, enabled=True)
        except (msgspec.ValidationError, ValueError):
            return self._answer(request, "scope")
        if position.clinic_id is not None and position.domain is not None:
            return self._answer(request, "both")
        share = _percent(fields.get("share", ""))
        if share is None:
            return self._answer(request, "number")
        self._rollout.set(share, domain=position.domain, tenant=position.clinic_id)
        return self._answer(request, "share")

    def _position(self, fields: Fields, *, enabled: bool) -> Position:
        domain, clinic = fields.get("domain"), fields.get("clinic")
        if domain is not None and domain not in self._domains:
            raise ValueError("no such domain")
        given = {"enabled": enabled, "domain": domain, "clinicId": None if clinic is None else int(clinic)}
        return msgspec.convert(given, Position)

    def _answer(self, request: Request, said: str) -> Response:
        self._moved()
        return RedirectResponse(Links.of(request).to("cache", said=said), _SEE_OTHER)


def _percent(text: str) -> float | None:
    try:
        percent = float(text)
    except ValueError:
        return None
    return percent / 100 if 0 <= percent <= 100 else None  # noqa: PLR2004 - per cent
