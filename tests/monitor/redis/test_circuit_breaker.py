"""The breaker: opens at once, probes with growing patience, closes at the first answer."""

from __future__ import annotations

from structlog.testing import capture_logs

from monitor.cache.cache_observer import BreakerState
from monitor.redis.circuit_breaker import CircuitBreaker
from monitor.testing.fakes import ManualClock

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def test_it_opens_at_the_first_failure_and_is_not_probed_at_once() -> None:
    """One failed round trip is enough."""
    states: list[BreakerState] = []
    breaker = CircuitBreaker(ManualClock(), states.append)

    breaker.failed()

    assert not breaker.closed
    assert not breaker.probe_due()
    assert states == [OPEN]


def test_it_opens_after_as_many_failures_in_a_row_as_asked_for() -> None:
    """An answer in between starts the count again."""
    breaker = CircuitBreaker(ManualClock(), lambda _: None, failures_to_open=2)
    seen = []
    for outcome in (breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        outcome()
        seen.append(breaker.closed)

    assert seen == [True, True, True, False]


def test_one_caller_probes_and_an_answer_closes_it() -> None:
    """Half-open lets one probe through; all others stay away until it is answered."""
    clock, states = ManualClock(), list[BreakerState]()
    breaker = CircuitBreaker(clock, states.append, open_s=0.1)
    breaker.failed()
    clock.advance(0.1)

    assert [breaker.probe_due(), breaker.probe_due()] == [True, False]
    breaker.succeeded()

    assert breaker.closed
    assert states == [OPEN, HALF_OPEN, CLOSED]


def test_failed_probes_double_the_patience_up_to_a_bound() -> None:
    """A long outage is probed ever more rarely, and never more rarely than the bound."""
    clock = ManualClock()
    breaker = CircuitBreaker(clock, lambda _: None, open_s=1.0, open_max_s=3.0)
    breaker.failed()
    waits = []
    for _ in range(4):
        waited = 0.0
        while not breaker.probe_due():
            clock.advance(0.5)
            waited += 0.5
        waits.append(waited)
        breaker.failed()

    assert waits == [1.0, 2.0, 3.0, 3.0]


def test_after_a_recovery_the_patience_is_short_again() -> None:
    """The doubling of one outage does not burden the next."""
    clock = ManualClock()
    breaker = CircuitBreaker(clock, lambda _: None, open_s=1.0)
    breaker.failed()
    clock.advance(1.0)
    assert breaker.probe_due()
    breaker.failed()
    clock.advance(2.0)
    assert breaker.probe_due()
    breaker.succeeded()
    breaker.failed()
    clock.advance(1.0)
    assert breaker.probe_due()


def test_late_failures_of_the_same_outage_change_nothing() -> None:
    """Round trips that were under way when it opened do not lengthen the outage."""
    clock, states = ManualClock(), list[BreakerState]()
    breaker = CircuitBreaker(clock, states.append, open_s=1.0)
    for _ in range(5):
        breaker.failed()
    clock.advance(1.0)

    assert breaker.probe_due()
    assert states == [OPEN, HALF_OPEN]


def test_an_outage_is_two_log_lines() -> None:
    """One when it opens and one when it closes, with the time between; failed probes are quiet."""
    clock = ManualClock()
    breaker = CircuitBreaker(clock, lambda _: None, open_s=1.0)
    with capture_logs() as lines:
        breaker.failed()
        for wait_s in (1.0, 2.0):
            clock.advance(wait_s)
            assert breaker.probe_due()
            breaker.failed()
        clock.advance(4.0)
        assert breaker.probe_due()
        breaker.succeeded()
        breaker.succeeded()

    assert [line["event"] for line in lines] == ["cache_breaker_opened", "cache_breaker_closed"]
    assert lines[1]["seconds"] == 7.0
