"""Days of a clinic as spans of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from app.services.moments import days_of, end_of, start_of

ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
SECONDS = st.integers(-2_208_902_400, 7_258_032_000)  # 1900 to 2199
MOMENTS = SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(MOMENTS, ZONES)
def test_a_moment_shows_on_every_day_whose_span_holds_it(moment: datetime, zone: ZoneInfo) -> None:
    """In every zone and year, clocks put forward at midnight included; there is always such a day."""
    days = days_of(moment, zone)
    around = (moment.date() + timedelta(days=shift) for shift in range(-3, 4))

    assert days
    assert set(days) == {day for day in around if start_of(day, zone) <= moment < end_of(day, zone)}
