#!/usr/bin/env bash
# Packages: croniter 7.0.0, cronsim 2.8, APScheduler 3.11.3
# Expected: one line of cron means one plan. Debian's cron(8) says it for a daily time in the changed hour: what was
#   skipped runs soon after the change, what would come twice runs once.
# Seen: "30 2 * * *" in Berlin is run once in autumn by cronsim and twice by croniter and APScheduler. In spring two
#   say 03:00; APScheduler gives 02:30+01:00, a time that no clock in Berlin shows. "0 */2 * * *" in spring
#   adds a run at 03:00 in croniter, none in cronsim.
# Hurts: who moves jobs from one scheduler to another, or checks one library's plan with the other: a reminder goes
#   out twice on one night of the year.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'cronsim==2.8' 'APScheduler==3.11.3' 'tzdata==2026.6' 'croniter==7.0.0'

cat > look.py <<'PYTHON'
"""Ask three libraries for the runs of one night."""

import datetime as dt
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

BERLIN = ZoneInfo("Europe/Berlin")


def by_croniter(line, start):
    plan = croniter(line, start)
    while True:
        yield plan.get_next(dt.datetime)


def by_apscheduler(line, start):
    trigger, moment = CronTrigger.from_crontab(line, timezone=BERLIN), start
    while True:
        moment = trigger.get_next_fire_time(moment, moment)
        yield moment


for line, hours in (("30 2 * * *", 20), ("0 */2 * * *", 6)):
    for season, day in (("spring", dt.datetime(2025, 3, 30)), ("autumn", dt.datetime(2025, 10, 26))):
        start = day.replace(tzinfo=BERLIN, minute=1)
        end = start.astimezone(dt.UTC) + dt.timedelta(hours=hours)
        for library, plan in (("croniter", by_croniter), ("cronsim", CronSim), ("apscheduler", by_apscheduler)):
            runs = []
            for moment in plan(line, start):
                if moment.astimezone(dt.UTC) > end:
                    break
                runs.append(f"{moment:%H:%M%z}"[:8])
            print(line, season, library, *runs)
PYTHON

cat > expected.txt <<'SEEN'
30 2 * * * spring croniter 03:00+02
30 2 * * * spring cronsim 03:00+02
30 2 * * * spring apscheduler 02:30+01
30 2 * * * autumn croniter 02:30+02 02:30+01
30 2 * * * autumn cronsim 02:30+02
30 2 * * * autumn apscheduler 02:30+02 02:30+01
0 */2 * * * spring croniter 03:00+02 04:00+02 06:00+02
0 */2 * * * spring cronsim 04:00+02 06:00+02
0 */2 * * * spring apscheduler 02:00+01 04:00+02 06:00+02
0 */2 * * * autumn croniter 02:00+02 02:00+01 04:00+01
0 */2 * * * autumn cronsim 02:00+02 02:00+01 04:00+01
0 */2 * * * autumn apscheduler 02:00+02 02:00+01 04:00+01
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
