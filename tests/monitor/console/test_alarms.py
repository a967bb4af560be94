"""The alerts' state follows Prometheus' own course: pending, firing, easing."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from monitor.console.alarms import Alarm, State, alarms
from monitor.console.history import Point
from monitor.metrics.catalogue import HTTP_BUCKETS
from monitor.metrics.service_levels import Lookups, RequestStats
from monitor.objectives import Objectives

STEP = 30.0
GOOD, SLOW = 0.01, 0.5


def points(means: Sequence[float], each: int = 100) -> list[Point]:
    """A point for each mean response time, half a minute apart."""
    return [
        Point(STEP * (at + 1), STEP, RequestStats(HTTP_BUCKETS, [each], each, mean * each))
        for at, mean in enumerate(means)
    ]


def latency(means: Sequence[float], each: int = 100) -> Alarm:
    return alarms(Objectives(), points(means, each))[0]


def test_all_is_within() -> None:
    """A service within its objective, since at least as long as is remembered."""
    alarm = latency([GOOD] * 20)
    assert (alarm.state, alarm.at_least, alarm.burning) == (State.WHOLE, True, False)
    assert (alarm.since, alarm.value) == (STEP, GOOD)


def test_broken_is_pending_before_it_fires() -> None:
    """It must stay broken for five minutes, as the rule says."""
    whole = [GOOD] * 10
    assert latency([*whole, *[SLOW] * 10]).state is State.PENDING
    firing = latency([*whole, *[SLOW] * 20])
    assert (firing.state, firing.burning) == (State.FIRING, True)
    assert firing.value == SLOW


def test_whole_again_is_easing_before_it_ends() -> None:
    """A page stays for five minutes after the value is whole again."""
    broken = [*[GOOD] * 10, *[SLOW] * 20]
    assert latency([*broken, *[GOOD] * 12]).state is State.EASING
    assert latency([*broken, *[GOOD] * 30]).state is State.WHOLE
    assert latency([*broken, *[GOOD] * 12, *[SLOW] * 12]).state is State.FIRING


def test_a_state_as_old_as_the_memory_may_be_older() -> None:
    """What was so from the first point on lasts at least that long."""
    alarm = latency([SLOW] * 3, each=1_000)
    assert (alarm.state, alarm.since, alarm.at_least) == (State.PENDING, STEP, True)


def test_little_traffic_says_nothing() -> None:
    """Under the guard no value is held against the objective."""
    assert latency([SLOW] * 30, each=1).state is State.QUIET
    assert [alarm.state for alarm in alarms(Objectives(), [])] == [State.QUIET] * 3


def test_exactly_the_bound_is_within() -> None:
    """Crossing is strict, whatever the additions before it."""
    assert latency([0.1] * 20, each=1_000).state is State.WHOLE


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60))
def test_it_never_fires_without_five_broken_minutes(means: list[float]) -> None:
    """Whatever the course, a fault that pages was preceded by one that lasted."""
    alarm = latency(means)
    if alarm.state is State.FIRING:
        assert len(means) * STEP > Objectives().latency_mean.for_s


def test_errors_and_hits_have_alarms_of_their_own() -> None:
    """Each objective is computed from its own counts."""
    failing = [
        Point(
            STEP * (at + 1),
            STEP,
            RequestStats(HTTP_BUCKETS, [1_000], 1_000, 1.0, failed=100),
            {"a": Lookups(1_000, 100)},
        )
        for at in range(30)
    ]
    mean, errors, hits = alarms(Objectives(), failing)
    assert (mean.state, errors.state) == (State.WHOLE, State.FIRING)
    assert (errors.value, hits.value) == (0.1, 0.1)
    assert hits.state is State.PENDING  # it waits for a quarter of an hour
