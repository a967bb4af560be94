#!/usr/bin/env bash
# Packages: ical 14.3.1, icalendar 7.3.2, recurring-ical-events 3.8.2
# Expected: "every month on the 31st, else on the month's last day" is RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD
#   ("SKIP" in RFC 7529): 31 January, 28 February, 31 March, 30 April. A reader that cannot do it says so.
# Seen: ical accepts the rule and drops SKIP in silence, so February and April have no date; recurring-ical-events
#   refuses it with an error about a missing UNTIL, which the rule does not need.
# Hurts: monthly recalls and invoices: five dates of the year are missing, and nothing says so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'ical==14.3.1' 'icalendar==7.3.2' 'recurring-ical-events==3.8.2' 'python-dateutil==2.9.0.post0'

cat > look.py <<'PYTHON'
"""Expand one rule with two libraries."""

import datetime as dt

import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream

YEARS = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
TEXT = "\r\n".join(
    """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//look//EN
BEGIN:VEVENT
UID:1@example.test
DTSTAMP:20250101T000000Z
DTSTART:20250131T090000Z
DTEND:20250131T093000Z
RRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4
END:VEVENT
END:VCALENDAR
""".split("\n")
)
timeline = IcsCalendarStream.calendar_from_ics(TEXT).timeline_tz(dt.UTC)
print("ical", [f"{event.dtstart:%d %b}" for event in timeline.overlapping(*YEARS)])
try:
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(TEXT)).between(*YEARS)
    print("recurring-ical-events", [f"{event['DTSTART'].dt:%d %b}" for event in events])
except Exception as error:
    print("recurring-ical-events", type(error).__name__, str(error).split(":")[0])
PYTHON

cat > expected.txt <<'SEEN'
ical ['31 Jan', '31 Mar', '31 May', '31 Jul']
recurring-ical-events BadRuleStringFormat UNTIL parameter is missing
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
