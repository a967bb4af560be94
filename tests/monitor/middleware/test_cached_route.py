"""Which requests may be answered from the cache, and under which key."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.cache.keys import CacheKey
from monitor.middleware.cache_plans import CachePlans, RouteMatcher
from monitor.middleware.cached_route import CachedRoute
from monitor.middleware.request import Plan, RequestRecord
from monitor.tenancy.identity import TenantId
from tests.monitor.middleware.test_interceptor import list_key, note_key

ONE, TWO = TenantId(1), TenantId(2)


def scope(path: str, query: bytes = b"", root: str = "") -> dict[str, Any]:
    return {"path": path, "query_string": query, "root_path": root}


def of(plans: CachePlans, tenant: TenantId, asked: dict[str, Any]) -> Plan | None:
    """Ask as a new request does."""
    return plans.of(tenant, asked, RequestRecord())


@pytest.fixture
def plans() -> CachePlans:
    return CachePlans([CachedRoute("/notes", list_key), CachedRoute("/notes/{note:int}", note_key)])


def test_a_plan_names_key_and_route(plans: CachePlans) -> None:
    """The key is made of tenant, path and query; the route is the template."""
    plan = of(plans, ONE, scope("/notes", b"page=2"))

    assert plan is not None
    assert plan == ("tenant_1:notes:list:page_2", "/notes")


def test_the_same_request_of_another_tenant_has_another_key(plans: CachePlans) -> None:
    """What is remembered of one tenant's request is not given to another's."""
    first = of(plans, ONE, scope("/notes/7"))
    again, other = of(plans, ONE, scope("/notes/7")), of(plans, TWO, scope("/notes/7"))

    assert first is again
    assert other is not None
    assert other.key == "tenant_2:notes:detail:7"


@pytest.mark.parametrize("asked", [scope("/other"), scope("/notes", b"page=x"), scope("/notes/seven")])
def test_other_requests_have_no_plan(plans: CachePlans, asked: dict[str, Any]) -> None:
    """Neither an unplanned path nor a query that makes no key is answered from the cache."""
    assert of(plans, ONE, asked) is None


def test_a_mounted_service_is_asked_below_its_root(plans: CachePlans) -> None:
    """The prefix that the server took away is no part of the route."""
    plan = of(plans, ONE, scope("/clinic/notes", root="/clinic"))

    assert plan is not None
    assert plan.route == "/notes"


def test_overlong_requests_are_planned_and_not_remembered(plans: CachePlans) -> None:
    """A client cannot fill the memory with long queries."""
    long = scope("/notes", b"page=1&x=" + b"a" * 500)

    assert of(plans, ONE, long) == of(plans, ONE, long)
    assert of(plans, ONE, long) is not of(plans, ONE, long)


def test_templates_match_as_the_router_does() -> None:
    """Converters decide: a number is a note, a word is none."""
    matcher = RouteMatcher([CachedRoute("/notes/{note:int}", note_key)])
    found = matcher.match("/notes/7")

    assert found is not None
    assert found[1] == {"note": "7"}
    assert matcher.match("/notes/seven") is None
    assert matcher.match("/notes/7/more") is None


@pytest.mark.parametrize("asked", [scope("/notes"), scope("/other")])
def test_a_request_is_planned_once(asked: dict[str, Any]) -> None:
    """Who asks again for the same request is told the same, planned or not, and no key is made."""
    made: list[str] = []

    def key(tenant: TenantId, path: Any, query: Any) -> CacheKey | None:
        made.append(asked["path"])
        return list_key(tenant, path, query)

    plans, record = CachePlans([CachedRoute("/notes", key)]), RequestRecord()
    first = plans.of(ONE, asked, record)
    asked = scope("/notes", b"page=2")

    assert plans.of(ONE, asked, record) is first
    assert len(made) <= 1


def test_the_plans_of_another_application_are_not_taken() -> None:
    """Of two applications in one request each plans for itself."""
    record = RequestRecord()
    outer = CachePlans([]).of(ONE, scope("/notes"), record)
    inner = CachePlans([CachedRoute("/notes", list_key)]).of(ONE, scope("/notes"), record)

    assert outer is None
    assert inner is not None
