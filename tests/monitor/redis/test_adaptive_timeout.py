"""How long a round trip is waited for: the least in quiet times, more where answers are slow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.redis.adaptive_timeout import AdaptiveTimeout

LEAST_S, MOST_S = 0.04, 0.32


def test_quick_answers_are_waited_for_no_longer_than_configured() -> None:
    """A server that hangs after a million quick answers costs the least."""
    patience = AdaptiveTimeout(LEAST_S)
    for now in range(1_000):
        patience.answered(0.0005, float(now))

    assert patience.seconds == LEAST_S


def test_slow_answers_are_waited_for() -> None:
    """Where answers take 30 ms, one that takes 50 is no sign of a server that hangs."""
    patience = AdaptiveTimeout(LEAST_S)
    for now in range(20):
        patience.answered(0.03 if now % 2 else 0.01, float(now))

    assert 0.05 < patience.seconds < 0.1


def test_it_forgets_slow_answers_within_a_few_dozen_quick_ones() -> None:
    """When the rush is over, a hung server costs the least again."""
    patience = AdaptiveTimeout(LEAST_S)
    for now in range(20):
        patience.answered(0.1, float(now))
    for now in range(20, 50):
        patience.answered(0.0005, float(now))

    assert patience.seconds == LEAST_S


def test_a_false_alarm_doubles_it_and_calm_halves_it() -> None:
    """An answer right after one was given up says that the server was there."""
    patience = AdaptiveTimeout(LEAST_S)
    for alarm in (10.0, 20.0):
        patience.gave_up(alarm)
        patience.answered(0.001, alarm + 0.1)
    doubled_twice = patience.seconds
    patience.answered(0.001, 26.0)
    halved = patience.seconds
    patience.answered(0.001, 32.0)

    assert (doubled_twice, halved, patience.seconds) == (4 * LEAST_S, 2 * LEAST_S, LEAST_S)


def test_a_server_that_was_away_is_no_false_alarm() -> None:
    """After a real outage the next one costs the least, too."""
    patience = AdaptiveTimeout(LEAST_S)
    patience.gave_up(10.0)
    patience.gave_up(10.6)
    patience.answered(0.001, 10.7)

    assert patience.seconds == LEAST_S


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10), st.floats(0, 2)), max_size=60))
def test_it_stays_between_the_least_and_eight_times_that(steps: list[tuple[bool, float, float]]) -> None:
    """Whatever the answers were like, nobody waits longer than the ceiling."""
    patience, now = AdaptiveTimeout(LEAST_S), 0.0
    for answered, trip_s, later_s in steps:
        now += later_s
        if answered:
            patience.answered(trip_s, now)
        else:
            patience.gave_up(now)
        assert LEAST_S <= patience.seconds <= MOST_S
