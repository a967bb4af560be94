"""What this service's alerts, dashboards and runbooks are written for.

`python -m monitor.definitions --adoption app.definitions:DEPLOYMENT` writes them.
"""

from __future__ import annotations

from app.naming import NAMING
from app.objectives import OBJECTIVES
from app.policies import POLICIES
from monitor.definitions import receivers
from monitor.definitions.deployment import Deployment
from monitor.definitions.receivers import (
    SECRETS,
    Environment,
    Escalation,
    both,
    email,
    pagerduty,
    slack,
    webhook,
)

_SMTP = {
    "smtp_smarthost": "smtp.taskmed.example:587",
    "smtp_from": "alerts@taskmed.example",
    "smtp_auth_username": "alerts",
}


def development(base: str = "http://localhost:9099") -> Environment:
    """Post everything to one receiver on this machine."""
    return receivers.development(base, (Escalation("flagship", (1,), webhook(f"{base}/flagship")),))


def staging() -> Environment:
    """Tell the team's channel, wake nobody."""
    return Environment(
        "staging",
        page=slack("#taskmed-staging"),
        ticket=slack("#taskmed-staging"),
        info=slack("#taskmed-staging"),
        watchdog=webhook("https://deadman.taskmed.example/staging", token_file=f"{SECRETS}/deadman"),
    )


def production() -> Environment:
    """Wake who is on call; collect tickets in the channel and by mail."""
    return Environment(
        "production",
        page=both(pagerduty(), slack("#taskmed-pages")),
        ticket=both(slack("#taskmed-tickets"), email("sre@taskmed.example")),
        info=slack("#taskmed-info"),
        watchdog=webhook("https://deadman.taskmed.example/production", token_file=f"{SECRETS}/deadman"),
        escalations=(Escalation("flagship", (1,), email("clinic-care@taskmed.example")),),
        settings=_SMTP,
    )


DEPLOYMENT = Deployment(
    job="taskmed",
    title="TaskMed",
    alert_prefix="",
    naming=NAMING,
    domains=tuple(POLICIES),
    environments=(development(), staging(), production()),
    settings={
        "access_log": "TASKMED_ACCESS_LOG",
        "log_level": "TASKMED_LOG_LEVEL",
        "pool_size": "TASKMED_POOL_SIZE",
        "sampling_ratio": "TASKMED_SAMPLING_RATIO",
        "tenant_budget": "TASKMED_TENANT_BUDGET",
    },
    objectives=OBJECTIVES,
    runbooks_url="https://taskmed.example/docs/runbooks",
)
