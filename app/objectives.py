"""What this service promises, and which of its routes count in no promise."""

from __future__ import annotations

from monitor.objectives import Objectives
from monitor.route_set import KIT_ROUTES

OBJECTIVES = Objectives(uncounted=(*KIT_ROUTES, "/api/stress/*"))
