"""What no tenant asks for is named once."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from monitor.definitions.queries import quoted_regex
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.route_set import KIT_ROUTES, RouteSet
from monitor.settings import MonitorSettings
from monitor.tenancy.identity import Identity

ROUTES = st.from_regex(r"/[a-z]{1,8}(/[a-z{}]{1,8}){0,3}", fullmatch=True) | st.sampled_from(
    ["/api/health", "/api/healthy", "/api/health/live", "/console", "/consoles", "/api/cache/switch"]
)


class Nobody:
    def resolve(self, authorization: bytes) -> Identity:
        raise ValueError(authorization)


@given(ROUTES)
def test_a_set_and_its_pattern_agree(route: str) -> None:
    """What Python leaves out is what PromQL leaves out."""
    assert (route in RouteSet(KIT_ROUTES)) is bool(re.fullmatch(quoted_regex(KIT_ROUTES), route))


def test_every_route_of_the_kit_is_left_out() -> None:
    """Whatever the kit adds to a service, no tenant asked for it."""
    monitor = build_monitor(MonitorSettings(), Adoption(resolver=Nobody()))
    paths = [route.path for route in monitor.routes() if isinstance(route, Route)]

    assert len(paths) > 5
    assert [path for path in paths if path not in RouteSet(KIT_ROUTES)] == []
