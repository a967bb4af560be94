"""The parts of the console that change, by name: what a page shows first and its events show after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from monitor.console.alerts_page import alerts
from monitor.console.cache_page import cache
from monitor.console.history import Point
from monitor.console.links import Links
from monitor.console.overview import overview
from monitor.console.page_frame import live
from monitor.console.snapshot import Snapshot
from monitor.console.tables import ORDERS
from monitor.console.tenants import one_tenant, tenants
from monitor.objectives import Objectives

ViewRenderer = Callable[[Snapshot], Markup]


class Views:
    """Draws views of a snapshot.

    Args:
        objectives: What values are held against.
        course: Returns a tenant's last minutes.
    """

    def __init__(self, objectives: Objectives, course: Callable[[str], Sequence[Point]]) -> None:
        self._objectives = objectives
        self._course = course

    def find(self, name: str, links: Links) -> ViewRenderer | None:
        """Return what draws the view of a name; None where there is none.

        Args:
            name: `overview`, `cache`, `alerts`, the tenants' noun in the plural and an
                order (`tenants:requests`), the noun and a number (`tenant:7`).
            links: The console's addresses.
        """
        draw = self._find(name, links)
        return None if draw is None else lambda snapshot: live(draw(snapshot))

    def _find(self, name: str, links: Links) -> ViewRenderer | None:
        objectives, naming = self._objectives, links.naming
        kind, _, detail = name.partition(":")
        plain: dict[str, ViewRenderer] = {
            "overview": lambda snapshot: overview(snapshot, links, objectives),
            "cache": lambda snapshot: cache(snapshot, objectives),
            "alerts": lambda snapshot: alerts(snapshot, links, objectives),
        }
        if kind == naming.plural and detail in ORDERS:
            return lambda snapshot: tenants(snapshot, links, objectives, detail)
        if kind == naming.singular and detail.isascii() and detail.isdigit():
            return lambda snapshot: one_tenant(snapshot, links, objectives, detail, self._course(detail))
        return plain.get(name)
