"""Where messages go in each environment; every secret is read from a file by Alertmanager.

What is written in double square brackets is filled in for the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Integration = dict[str, list[dict[str, Any]]]

SECRETS = "/etc/alertmanager/secrets"
_TITLE = '{{ template "[[prefix]].title" . }}'
_TEXT = '{{ template "[[prefix]].text" . }}'


def webhook(url: str, *, token_file: str = "") -> Integration:
    """Post the group as JSON, with a bearer token where there is one."""
    config: dict[str, Any] = {"url": url, "send_resolved": True}
    if token_file:
        config["http_config"] = {"authorization": {"credentials_file": token_file}}
    return {"webhook_configs": [config]}


def pagerduty(key_file: str = f"{SECRETS}/pagerduty") -> Integration:
    """Open one incident a group; its link leads to the dashboard."""
    details = {
        name: f'{{{{ template "[[prefix]].{name}" . }}}}'
        for name in ("value", "threshold", "normal", "[[tenant]]", "runbook", "dashboard")
    }
    return {
        "pagerduty_configs": [
            {
                "routing_key_file": key_file,
                "send_resolved": True,
                "severity": "critical",
                "description": _TITLE,
                "client": "[[title]]",
                "client_url": '{{ template "[[prefix]].dashboard" . }}',
                "details": details,
            }
        ]
    }


def slack(channel: str, url_file: str = f"{SECRETS}/slack") -> Integration:
    """Write to a channel, in red while it fires and in green once it is over."""
    return {
        "slack_configs": [
            {
                "api_url_file": url_file,
                "channel": channel,
                "send_resolved": True,
                "color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
                "title": _TITLE,
                "title_link": '{{ template "[[prefix]].dashboard" . }}',
                "text": _TEXT,
            }
        ]
    }


def email(to: str, password_file: str = f"{SECRETS}/smtp") -> Integration:
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
    """Tenants whose pages also go to people of their own.

    Attributes:
        name: The receiver's name.
        tenants: Their ids.
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
        escalations: Tenants with people of their own.
        settings: Alertmanager's `global` section.
    """

    name: str
    page: Integration
    ticket: Integration
    info: Integration
    watchdog: Integration
    escalations: tuple[Escalation, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def development(base: str = "http://localhost:9099", escalations: tuple[Escalation, ...] = ()) -> Environment:
    """Post everything to one receiver on this machine."""
    return Environment(
        "development",
        page=webhook(f"{base}/page"),
        ticket=webhook(f"{base}/ticket"),
        info=webhook(f"{base}/info"),
        watchdog=webhook(f"{base}/watchdog"),
        escalations=escalations,
    )
