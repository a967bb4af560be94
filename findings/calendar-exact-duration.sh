#!/usr/bin/env bash
# Packages: icalendar 7.3.2, recurring-ical-events 3.8.2, ical 14.3.1
# Expected: hours of a DURATION are exact time, days are nominal ("Duration" in RFC 5545: over a change of the clock the
#   change is added or subtracted), and a recurring event's length by DTEND is one exact duration for every
#   instance ("Recurrence Rule"). Eight hours from 23:00 on the night into summer time end at 08:00.
# Seen: both readers add the hours to the wall clock: that night's instance ends at 07:00 and lasts seven hours, in
#   autumn nine; PT24H and P1D are the same thing.
# Hurts: a night shift, an infusion or a bed: on two nights of the year the calendar says an hour less or more than
#   was planned, and two instances that must not overlap may.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'icalendar==7.3.2' 'recurring-ical-events==3.8.2' 'ical==14.3.1' 'python-dateutil==2.9.0.post0' 'tzdata==2026.6'

cat > look.py <<'PYTHON'
"""Print when events over the two changes of the clock end, and how long they really last."""

import datetime as dt
import warnings

import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream

warnings.simplefilter("ignore")
YEAR = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ZONE = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE""".split("\n")
EVENTS = {
    "spring PT8H": ["DTSTART;TZID=Europe/Berlin:20250329T230000", "DURATION:PT8H"],
    "spring PT24H": ["DTSTART;TZID=Europe/Berlin:20250329T120000", "DURATION:PT24H"],
    "autumn PT8H": ["DTSTART;TZID=Europe/Berlin:20251025T230000", "DURATION:PT8H"],
}


def calendar(extra):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//look//EN", *ZONE, "BEGIN:VEVENT", "UID:1@example.test"]
    return "\r\n".join([*lines, "DTSTAMP:20250101T000000Z", *extra, "END:VEVENT", "END:VCALENDAR", ""])


def show(start, end):
    return f"ends {end:%H:%M}, lasts {end.astimezone(dt.UTC) - start.astimezone(dt.UTC)}"


for name, extra in EVENTS.items():
    text = calendar(extra)
    [event] = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(*YEAR)
    print(name, "| recurring-ical-events", show(event["DTSTART"].dt, event["DTEND"].dt))
    [event] = IcsCalendarStream.calendar_from_ics(text).timeline_tz(dt.UTC).overlapping(*YEAR)
    print(name, "| ical", show(event.dtstart, event.end))
PYTHON

cat > expected.txt <<'SEEN'
spring PT8H | recurring-ical-events ends 07:00, lasts 7:00:00
spring PT8H | ical ends 07:00, lasts 7:00:00
spring PT24H | recurring-ical-events ends 12:00, lasts 23:00:00
spring PT24H | ical ends 12:00, lasts 23:00:00
autumn PT8H | recurring-ical-events ends 07:00, lasts 9:00:00
autumn PT8H | ical ends 07:00, lasts 9:00:00
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
