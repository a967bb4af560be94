#!/usr/bin/env bash
# Packages: rrule 2.8.1 (Node), icalendar 7.3.2, recurring-ical-events 3.8.2 (Python)
# Expected: where DTSTART has a zone, UNTIL stands in UTC and is the last instance if it is equal to one ("Recurrence Rule"
#   in RFC 5545). Daily at nine in Berlin from 27 March until 07:00 UTC on 31 March are five mornings.
# Seen: Node's rrule compares UNTIL's digits with the wall clock of the zone, 07:00 with 09:00, and ends a day early;
#   in New York a series whose UNTIL lies an hour before an instance goes on to that instance. Python's reader has
#   both right.
# Hurts: a page that shows in JavaScript what a server planned in Python: east of Greenwich the last appointment of each
#   such series is missing, on the page only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'icalendar==7.3.2' 'recurring-ical-events==3.8.2' 'python-dateutil==2.9.0.post0' 'tzdata==2026.6'
npm install --silent --no-audit --no-fund 'rrule@2.8.1'

cat > look.py <<'PYTHON'
"""Expand one series in Berlin and one in New York."""

import datetime as dt
import sys

import icalendar
import recurring_ical_events

start, rule = sys.argv[1:]
lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//look//EN", "BEGIN:VEVENT", "UID:1@example.test"]
lines += ["DTSTAMP:20250101T000000Z", start, rule, "DURATION:PT30M", "END:VEVENT", "END:VCALENDAR", ""]
events = recurring_ical_events.of(icalendar.Calendar.from_ical("\r\n".join(lines))).between(2025, 2026)
starts = sorted(event["DTSTART"].dt.astimezone(dt.UTC) for event in [*events] if event["DTSTART"].dt.year == 2025)
print("Python", *(f"{moment:%d.T%H:%MZ}" for moment in starts))
PYTHON

cat > look.js <<'NODE'
const { rrulestr } = require("rrule");
const dates = rrulestr(process.argv.slice(2).join("\n")).all().map((date) => date.toISOString());
console.log("Node", dates.map((text) => `${text.slice(8, 10)}.${text.slice(10, 16)}Z`).join(" "));
NODE

cat > expected.txt <<'SEEN'
DTSTART;TZID=Europe/Berlin:20250327T090000 RRULE:FREQ=DAILY;UNTIL=20250331T070000Z
Python 27.T08:00Z 28.T08:00Z 29.T08:00Z 30.T07:00Z 31.T07:00Z
Node 27.T08:00Z 28.T08:00Z 29.T08:00Z 30.T07:00Z
DTSTART;TZID=America/New_York:20250310T090000 RRULE:FREQ=DAILY;UNTIL=20250313T120000Z
Python 10.T13:00Z 11.T13:00Z 12.T13:00Z
Node 10.T13:00Z 11.T13:00Z 12.T13:00Z 13.T13:00Z
SEEN
look() {
  echo "$1 $2"
  venv/bin/python look.py "$1" "$2"
  TZ=UTC node look.js "$1" "$2"
}
{
  look 'DTSTART;TZID=Europe/Berlin:20250327T090000' 'RRULE:FREQ=DAILY;UNTIL=20250331T070000Z'
  look 'DTSTART;TZID=America/New_York:20250310T090000' 'RRULE:FREQ=DAILY;UNTIL=20250313T120000Z'
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
