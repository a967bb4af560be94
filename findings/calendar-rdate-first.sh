#!/usr/bin/env bash
# Packages: ical 14.3.1, icalendar 7.3.2, recurring-ical-events 3.8.2, vobject 0.9.9
# Expected: DTSTART is the first instance of a recurring event, whether the others come from RRULE or RDATE ("Recurrence
#   Date-Times" in RFC 5545); an RDATE may be a period, which gives that instance its own length.
# Seen: of an event with two dates given by RDATE, ical returns only the second: the first appointment is gone.
#   Beside an RRULE it cannot read a period at all. vobject leaves a period out without a word, and with it, where
#   there is no RRULE, the whole event.
#   recurring-ical-events has every instance with its length.
# Hurts: a clinic that imports a calendar: patients stand before the door at a time that the reader never saw.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'ical==14.3.1' 'icalendar==7.3.2' 'recurring-ical-events==3.8.2' 'vobject==0.9.9' 'python-dateutil==2.9.0.post0'

cat > look.py <<'PYTHON'
"""Read three small calendars with three libraries; print the starts (and ends) of their instances."""

import datetime as dt
import warnings

import icalendar
import recurring_ical_events
import vobject
from ical.calendar_stream import IcsCalendarStream

warnings.simplefilter("ignore")
YEAR = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EVENTS = {
    "RDATE": ["RDATE:20250326T090000Z"],
    "RDATE period": ["RDATE;VALUE=PERIOD:20250326T090000Z/PT2H"],
    "RRULE and RDATE period": ["RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=PERIOD:20250328T090000Z/PT2H"],
}


def calendar(extra):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//look//EN", "BEGIN:VEVENT", "UID:1@example.test"]
    lines += ["DTSTAMP:20250101T000000Z", "DTSTART:20250324T090000Z", "DTEND:20250324T093000Z"]
    return "\r\n".join([*lines, *extra, "END:VEVENT", "END:VCALENDAR", ""])


def show(start, end=None):
    return f"{start:%d. %H:%M}" + (f"-{end:%H:%M}" if end else "")


def by_recurring(text):
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(*YEAR)
    return sorted(show(event["DTSTART"].dt, event["DTEND"].dt) for event in events)


def by_ical(text):
    timeline = IcsCalendarStream.calendar_from_ics(text).timeline_tz(dt.UTC)
    return sorted(show(event.dtstart, event.end) for event in timeline.overlapping(*YEAR))


def by_vobject(text):
    return sorted(show(start) for start in vobject.readOne(text).vevent.getrruleset(addRDate=True) or [])


for name, extra in EVENTS.items():
    for library, read in (("recurring-ical-events", by_recurring), ("ical", by_ical), ("vobject", by_vobject)):
        try:
            print(name, "|", library, read(calendar(extra)))
        except Exception as error:
            print(name, "|", library, type(error).__name__)
PYTHON

cat > expected.txt <<'SEEN'
RDATE | recurring-ical-events ['24. 09:00-09:30', '26. 09:00-09:30']
RDATE | ical ['26. 09:00-09:30']
RDATE | vobject ['24. 09:00', '26. 09:00']
RDATE period | recurring-ical-events ['24. 09:00-09:30', '26. 09:00-11:00']
RDATE period | ical ['26. 09:00-11:00']
RDATE period | vobject []
RRULE and RDATE period | recurring-ical-events ['24. 09:00-09:30', '25. 09:00-09:30', '28. 09:00-11:00']
RRULE and RDATE period | ical TypeError
RRULE and RDATE period | vobject ['24. 09:00', '25. 09:00']
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
