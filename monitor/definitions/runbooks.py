"""Runbooks and the alerts' page: prose of the kit, and facts that the rules know.

A runbook's prose is a template of the kit, filled in for the service; what a team adds to a
written runbook below the line `<!-- ours -->` is kept when it is written again.
"""

from __future__ import annotations

import re
from importlib import resources

from monitor.definitions.alert_rules import all_alerts
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.inhibition import INHIBITIONS
from monitor.definitions.rules import AlertRule

HEADINGS = (
    "What users feel",
    "What to look at",
    "Likely causes",
    "What to do",
    "How to know it is over",
)
_BEGIN, _END = "<!-- facts -->", "<!-- /facts -->"
_OURS = "<!-- ours -->\n"
_MARKED = re.compile(f"{_BEGIN}\n.*?{_END}", re.DOTALL)
EMPTY_PAGE = f"# Alerts\n\n{_BEGIN}\n{_END}\n"


def alerts_by_name(deployment: Deployment) -> dict[str, list[AlertRule]]:
    """Return the rules of each alert's name, in the order they are evaluated."""
    named: dict[str, list[AlertRule]] = {}
    for alert in all_alerts(deployment):
        named.setdefault(alert.name, []).append(alert)
    return named


def runbook(name: str, rules: list[AlertRule], deployment: Deployment, written: str = "") -> str:
    """Return the runbook of an alert.

    Args:
        name: The alert's name without the service's prefix.
        rules: Its rules.
        deployment: The service.
        written: The runbook as it stands; what the team added is kept.
    """
    file = resources.files("monitor.definitions").joinpath(f"templates/runbooks/{name}.md")
    prose = file.read_text() if file.is_file() else skeleton(name)
    _, line, ours = written.partition(_OURS)
    return with_facts(deployment.filled(prose), runbook_facts(rules)) + line + ours


def skeleton(name: str) -> str:
    """Return a runbook without its prose, for an alert that has none yet."""
    return f"# {name}\n\n{_BEGIN}\n{_END}\n" + "".join(f"\n## {heading}\n" for heading in HEADINGS)


def with_facts(text: str, facts: str) -> str:
    """Put the facts between the marks of a document."""
    return _MARKED.sub(lambda _: f"{_BEGIN}\n{facts}{_END}", text)


def runbook_facts(rules: list[AlertRule]) -> str:
    """Return what the rules of one name say, as a table and their queries."""
    first = rules[0]
    rows = [
        ("Severity", first.severity.value),
        ("Means", "<br>".join(rule.meaning for rule in rules)),
        ("Fires", "<br>".join(rule.threshold for rule in rules)),
        ("Silent", "<br>".join(dict.fromkeys(rule.guard for rule in rules if rule.guard))),
        ("Normal", first.normal),
        ("Stays", f"{duration(first.keep_firing_s)} after it is over" if first.keep_firing_s else ""),
        (
            "Look at",
            f"panel `{first.panel}` of [{first.board}](../../dashboards/{first.board}.json)",
        ),
        ("Muted by", _linked(muting(first.name))),
        ("Mutes", _linked(muted_by(first.name))),
    ]
    table = "".join(f"| **{name}** | {value} |\n" for name, value in rows if value)
    code = "".join(f"\n```promql\n{rule.expr}\n```\n" for rule in rules)
    return f"| | |\n| --- | --- |\n{table}{code}"


def muting(name: str) -> list[str]:
    """Return the alerts that mute this one."""
    return sorted({source for each in INHIBITIONS if name in each.targets for source in each.sources})


def muted_by(name: str) -> list[str]:
    """Return the alerts that this one mutes."""
    return sorted({target for each in INHIBITIONS if name in each.sources for target in each.targets})


def _linked(names: list[str], folder: str = "") -> str:
    return ", ".join(f"[{name}]({folder}{name}.md)" for name in names)


def alert_table(deployment: Deployment) -> str:
    """Return one line for each rule: name, severity, meaning, bound, guard and what mutes it."""
    lines = [
        "| Alert | Severity | Meaning | Fires | Silent | Muted by |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, rules in alerts_by_name(deployment).items():
        for rule in rules:
            muters = _linked(muting(name), "runbooks/")
            lines.append(
                f"| [{name}](runbooks/{name}.md) | {rule.severity} | {rule.meaning} | {rule.threshold}"
                f" | {rule.guard} | {muters} |"
            )
    return "\n".join(lines) + "\n"
