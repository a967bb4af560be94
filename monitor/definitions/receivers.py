"""Where messages go in each environment; every secret is read from a file by Alertmanager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Integration = dict[str, list[dict[str, Any]]]

_SECRETS = "/etc/alertmanager/secrets"
_TITLE = '{{ template "taskmed.title" . }}'
_TEXT = '{{ template "taskmed.text" . }}'


def webhook(url: str, *, token_file: str = "") -> Integration:
    """Post the group as JSON, with a bearer token where there is one."""
    config: dict[str, Any] = {"url": url, "send_resolved": True}
    if token_file:
        config["http_config"] = {"authorization": {"credentials_file": token_file}}
    return {"webhook_configs": [config]}


def pagerduty(key_file: str = f"{_SECRETS}/pagerduty") -> Integration:
    """Open one incident a group; its link leads to the dashboard."""
    details = {
        name: f'{{{{ template "taskmed.{name}" . }}}}'
        for name in ("value", "threshold", "normal", "clinic", "runbook", "dashboard")
    }
    return {
        "pagerduty_configs": [
            {
                "routing_key_file": key_file,
                "send_resolved": True,
                "severity": "critical",
                "description": _TITLE,
                "client": "TaskMed",
                "client_url": '{{ template "taskmed.dashboard" . }}',
                "details": details,
            }
        ]
    }


def slack(channel: str, url_file: str = f"{_SECRETS}/slack") -> Integration:
    """Write to a channel, in red while it fires and in green once it is over."""
    return {
        "slack_configs": [
            {
                "api_url_file": url_file,
                "channel": channel,
                "send_resolved": True,
                "color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
                "title": _TITLE,
                "title_link": '{{ template "taskmed.dashboard" . }}',
                "text": _TEXT,
            }
        ]
    }


def email(to: str, password_file: str = f"{_SECRETS}/smtp") -> Integration:
    """Send plain text."""
    return {
        "email_configs": [
            {
                "to": to,
                "auth_password_file": password_file,
                "send_resolved": True,
                "headers": {"Subject": _TITLE},
                "html": "",
                "text": _TEXT,
            }
        ]
    }


def both(*integrations: Integration) -> Integration:
    """Join integrations into one receiver."""
    return {kind: configs for integration in integrations for kind, configs in integration.items()}


@dataclass(frozen=True, slots=True)
class Escalation:
    """Clinics whose pages also go to people of their own.

    Attributes:
        name: The receiver's name.
        tenants: Ids of the clinics.
        receiver: Who hears of them besides the one on call.
    """

    name: str
    tenants: tuple[int, ...]
    receiver: Integration


@dataclass(frozen=True, slots=True)
class Environment:
    """The receivers of one environment.

    Attributes:
        name: Such as `production`; the configuration file's name.
        page: Who gets up.
        ticket: Where work is collected.
        info: What is only worth knowing.
        watchdog: The dead man's switch.
        escalations: Clinics with people of their own.
        settings: Alertmanager's `global` section.
    """

    name: str
    page: Integration
    ticket: Integration
    info: Integration
    watchdog: Integration
    escalations: tuple[Escalation, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


_SMTP = {
    "smtp_smarthost": "smtp.taskmed.example:587",
    "smtp_from": "alerts@taskmed.example",
    "smtp_auth_username": "alerts",
}


def development(base: str = "http://localhost:9099") -> Environment:
    """Post everything to one receiver on this machine."""
    return Environment(
        "development",
        page=webhook(f"{base}/page"),
        ticket=webhook(f"{base}/ticket"),
        info=webhook(f"{base}/info"),
        watchdog=webhook(f"{base}/watchdog"),
        escalations=(Escalation("flagship", (1,), webhook(f"{base}/flagship")),),
    )


def staging() -> Environment:
    """Tell the team's channel, wake nobody."""
    return Environment(
        "staging",
        page=slack("#taskmed-staging"),
        ticket=slack("#taskmed-staging"),
        info=slack("#taskmed-staging"),
        watchdog=webhook("https://deadman.taskmed.example/staging", token_file=f"{_SECRETS}/deadman"),
    )


def production() -> Environment:
    """Wake who is on call; collect tickets in the channel and by mail."""
    return Environment(
        "production",
        page=both(pagerduty(), slack("#taskmed-pages")),
        ticket=both(slack("#taskmed-tickets"), email("sre@taskmed.example")),
        info=slack("#taskmed-info"),
        watchdog=webhook("https://deadman.taskmed.example/production", token_file=f"{_SECRETS}/deadman"),
        escalations=(Escalation("flagship", (1,), email("clinic-care@taskmed.example")),),
        settings=_SMTP,
    )


ENVIRONMENTS = (development(), staging(), production())
