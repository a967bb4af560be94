"""How long from a real fault to its page, and from its end to the all-clear? And is one ever missed?

`taskmed drill` itself, on servers of its own: the service, Redis, Prometheus, Alertmanager and a
receiver, a fresh chain for each round, an hour of the rules' time in a minute. So `page_s` of 8 is
about 8 minutes with the windows in force, of which 5 are the alert's own patience. A false page is
any message that woke somebody besides the one that the fault deserved.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from app.drill.binaries import Binaries
from app.drill.chain import SHORT
from app.drill.command import Order, play
from app.drill.report import summary
from app.drill.round import Round
from app.drill.scenarios import FAULTS
from app.drill.stage import own_stage
from monitor.clock import SystemClock

# What stands in the document, and its name in the drill's report.
TIMES = {"fire_s": "fireS", "page_s": "pageS", "resolve_s": "resolveS"}


def turn(at_once):
    """Play each fault once."""
    order = Order(tuple(FAULTS), 1, SHORT, at_once)
    stage = own_stage(Binaries(os.environ).find, SHORT, SystemClock())
    return asyncio.run(play(order, stage, lambda name, what: print(f"{name}: {what}", file=sys.stderr)))


def measured(rounds, at_once, kept):
    """Play the rounds that are still missing; each turn is kept at once, so a run may be broken off."""
    found = [Round(**json.loads(line)) for line in kept.read_text().splitlines()] if kept else []
    while len(found) < rounds * len(FAULTS):
        done = turn(at_once)
        found += done
        if kept:
            with kept.open("a") as file:
                file.writelines(f"{json.dumps(asdict(one))}\n" for one in done)
    return found


def figures(found):
    return {
        "rounds": found["rounds"],
        "misses": found["missed"],
        "false pages": found["falsePages"],
        **{
            name: {key: found[part][key] for key in ("median", "max")} if found[part] else None
            for name, part in TIMES.items()
        },
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of each fault")
    parser.add_argument("--quick", action="store_true", help="one round of each")
    parser.add_argument("--at-once", type=int, default=3, help="rounds at the same time")
    parser.add_argument("--kept", type=Path, help="file of rounds to go on from and to add to")
    given = parser.parse_args(argv)
    if given.kept:
        given.kept.touch()
    rounds = measured(1 if given.quick else given.rounds, given.at_once, given.kept)
    result = {name: figures(found) for name, found in summary(rounds).items()}
    print(json.dumps(result | {"rounds at once": given.at_once, "machine": f"{os.cpu_count()} cores"}))


if __name__ == "__main__":
    main()
