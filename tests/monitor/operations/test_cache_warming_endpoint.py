"""The run of a warming: it is given up cleanly, and a list that cannot be read is no disaster."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from monitor.errors import StatementFailed
from monitor.middleware.inner_app import InnerApp
from monitor.operations.cache_warming_endpoint import CacheWarming, WarmOrder, WarmPath, WarmState
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from monitor.tenancy.naming import TenantNaming
from monitor.testing.fakes import ManualClock
from tests.conditions import until

PATHS = [WarmPath(TenantId(1), "/a"), WarmPath(TenantId(2), "/b"), WarmPath(TenantId(2), "/c")]


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def listed(clinic: TenantId | None) -> Sequence[WarmPath]:
    return [path for path in PATHS if clinic in (None, path.tenant)]


async def unreadable(clinic: TenantId | None) -> Sequence[WarmPath]:
    raise StatementFailed("SELECT clinics", "OSError")


async def in_use() -> bool:
    return True


def warming_of(clock: ManualClock, *, broken: bool = False) -> CacheWarming:
    entrance = InnerApp()
    entrance.open(answers)
    source = unreadable if broken else listed
    return CacheWarming(
        entrance, source, ready=in_use, clock=clock, identify=lambda _request: None, naming=TenantNaming()
    )


async def test_it_counts_what_it_asked_for() -> None:
    """A tenant that is bound where the order came from goes nowhere with it."""
    clock = ManualClock()
    warming = warming_of(clock)
    with bind(9):
        warming.begin(WarmOrder(rate=10.0), PATHS, None)

    def over() -> bool:
        if clock.sleepers:
            clock.advance(0.05)
        return not warming.is_running

    await until(over)
    progress = warming.progress
    assert (progress.state, progress.done, progress.total) == (WarmState.DONE, 3, 3)
    assert progress.results == {"uncached": 3}
    assert 0.2 <= progress.seconds < 0.4


async def test_at_the_start_a_list_that_cannot_be_read_is_logged() -> None:
    """The worker serves all the same."""
    warming = warming_of(ManualClock(), broken=True)
    with capture_logs() as lines:
        await warming.at_start(None, 10.0)

    assert warming.progress.state is WarmState.FAILED
    assert [line["error_type"] for line in lines] == ["StatementFailed"]


async def test_closing_gives_it_up() -> None:
    """What was not asked for by then stays cold, and the progress says so."""
    clock = ManualClock()
    warming = warming_of(clock)
    warming.begin(WarmOrder(rate=0.1), PATHS, None)
    await until(lambda: warming.progress.done == 1)
    await warming.aclose()

    assert not warming.is_running
    assert warming.progress.state is WarmState.FAILED
    assert clock.sleepers == 0 or warming.progress.done == 1
