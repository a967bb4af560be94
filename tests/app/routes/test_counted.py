"""Which requests count in the objectives: those of clinics, all of them and no others."""

from __future__ import annotations

import re

from app.definitions import DEPLOYMENT
from app.routes import KIT_TABLE, STRESS_TABLE, TABLE
from monitor.definitions.queries import quoted_regex

LEFT_OUT = re.compile(quoted_regex(DEPLOYMENT.objectives.uncounted))


def test_every_route_of_clinics_counts() -> None:
    """No pattern that leaves out probes and operators swallows a route that clinics ask for."""
    assert [resource.path for resource in TABLE if LEFT_OUT.fullmatch(resource.path)] == []


def test_nothing_that_operators_ask_for_counts() -> None:
    """Watching, steering and drills move no objective."""
    table = (*KIT_TABLE, *STRESS_TABLE)

    assert [resource.path for resource in table if not LEFT_OUT.fullmatch(resource.path)] == []
