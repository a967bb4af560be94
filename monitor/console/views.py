"""The parts of the console that change, by name: what a page shows first and its events show after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.console.alerts_page import alerts
from monitor.console.cache_page import cache
from monitor.console.clinics import clinic, clinics
from monitor.console.history import Point
from monitor.console.html import Markup
from monitor.console.links import Links
from monitor.console.overview import overview
from monitor.console.page_frame import live
from monitor.console.snapshot import Snapshot
from monitor.console.tables import ORDERS
from monitor.objectives import Objectives

ViewRenderer = Callable[[Snapshot], Markup]


class Views:
    """Draws views of a snapshot.

    Args:
        objectives: What values are held against.
        course: Returns a clinic's last minutes.
    """

    def __init__(self, objectives: Objectives, course: Callable[[str], Sequence[Point]]) -> None:
        self._objectives = objectives
        self._course = course

    def find(self, name: str, links: Links) -> ViewRenderer | None:
        """Return what draws the view of a name; None where there is none.

        Args:
            name: `overview`, `cache`, `alerts`, `clinics:` and an order, `clinic:` and a number.
            links: The console's addresses.
        """
        draw = self._find(name, links)
        return None if draw is None else lambda snapshot: live(draw(snapshot))

    def _find(self, name: str, links: Links) -> ViewRenderer | None:
        objectives = self._objectives
        kind, _, detail = name.partition(":")
        plain: dict[str, ViewRenderer] = {
            "overview": lambda snapshot: overview(snapshot, links, objectives),
            "cache": lambda snapshot: cache(snapshot, objectives),
            "alerts": lambda snapshot: alerts(snapshot, links, objectives),
        }
        if kind == "clinics" and detail in ORDERS:
            return lambda snapshot: clinics(snapshot, links, objectives, detail)
        if kind == "clinic" and detail.isascii() and detail.isdigit():
            return lambda snapshot: clinic(snapshot, links, objectives, detail, self._course(detail))
        return plain.get(name)
