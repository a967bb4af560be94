"""Which alert mutes which: a cause its symptoms, the whole its parts.

Alertmanager mutes a target while its source fires, whether or not the source itself is
muted. So the arrows must form no circle (both would be silent), the source must fire
before its target and end after it, and only a page may take a page's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.definitions.deployment import Deployment

_LEVELS = ("Service", "ManyTenants", "Tenant", "QuietTenant")
_ERRORS = tuple(f"{level}ErrorsHigh" for level in _LEVELS)
_FAILING = ("ServiceFailing", "TenantFailing")
_LATENCY = tuple(f"{level}LatencyHigh" for level in _LEVELS)
_HIT_RATIO = ("ServiceHitRatioLow", "ManyTenantsHitRatioLow", "TenantHitRatioLow")
_BURNS = (
    "AvailabilityBudgetBurnFast",
    "AvailabilityBudgetBurnSlow",
    "LatencyBudgetBurnFast",
    "LatencyBudgetBurnSlow",
)

# A ticket that may mute pages: with Redis down the users are served, and if they feel it the latency pages.
TICKETS_OVER_PAGES = frozenset({"CacheStoreDown"})


@dataclass(frozen=True, slots=True)
class Inhibition:
    """One arrow from sources to targets.

    Attributes:
        sources: Names of alerts that mute.
        targets: Names of alerts that are muted.
        reason: Why, in one line.
        equal: Labels that both must share.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    reason: str
    equal: tuple[str, ...] = ("job",)

    def document(self, deployment: Deployment) -> dict[str, Any]:
        """Return the rule as Alertmanager reads it."""
        return {
            "source_matchers": [_one_of([deployment.alert_name(name) for name in self.sources])],
            "target_matchers": [_one_of([deployment.alert_name(name) for name in self.targets])],
            "equal": list(self.equal),
        }


def _one_of(names: Sequence[str]) -> str:
    return f'alertname=~"{"|".join(names)}"' if len(names) > 1 else f'alertname="{names[0]}"'


INHIBITIONS: tuple[Inhibition, ...] = (
    Inhibition(
        ("ServiceDown", "ServiceMissing"),
        (*_FAILING, *_ERRORS, *_LATENCY, *_HIT_RATIO, *_BURNS, "NoTraffic", "ReplicaDown"),
        "Nobody is there to be slow.",
    ),
    Inhibition(
        ("DatabasePoolExhausted",),
        (*_FAILING, *_ERRORS, *_LATENCY, *_BURNS, "DatabasePoolSaturated"),
        "Requests fail and wait for want of a connection.",
    ),
    Inhibition(
        ("ServiceFailing",),
        (*_ERRORS, "TenantFailing", "AvailabilityBudgetBurnFast", "AvailabilityBudgetBurnSlow"),
        "The same failures, told already, with the worst tenants by name.",
    ),
    Inhibition(
        ("TenantFailing",),
        ("TenantErrorsHigh", "QuietTenantErrorsHigh"),
        "The same failures, told already.",
        ("job", "tenant"),
    ),
    Inhibition(
        ("ServiceErrorsHigh",),
        ("AvailabilityBudgetBurnFast", "AvailabilityBudgetBurnSlow"),
        "The same failures, told already.",
    ),
    Inhibition(
        ("ServiceLatencyHigh",),
        ("LatencyBudgetBurnFast", "LatencyBudgetBurnSlow"),
        "The same slowness, told already.",
    ),
    Inhibition(
        ("AvailabilityBudgetBurnFast",),
        ("AvailabilityBudgetBurnSlow",),
        "The page says more than the ticket.",
    ),
    Inhibition(("LatencyBudgetBurnFast",), ("LatencyBudgetBurnSlow",), "The page says more than the ticket."),
    *(
        Inhibition((names[0],), names[1:], "The service's page names the worst tenants.")
        for names in (_ERRORS, _LATENCY, _HIT_RATIO)
    ),
    *(
        Inhibition((names[1],), (names[2],), "One page for many tenants.")
        for names in (_ERRORS, _LATENCY, _HIT_RATIO)
    ),
    *(
        Inhibition((names[2],), (names[3],), "The page says more than the ticket.", ("job", "tenant"))
        for names in (_ERRORS, _LATENCY)
    ),
    Inhibition(
        ("CacheStoreDown",), (*_HIT_RATIO, "CacheOutboxLag"), "Without Redis there are no hits and no relay."
    ),
)
