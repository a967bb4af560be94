"""Error budgets that burn: fast for a page, slowly for a ticket."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import Phase, service, tenant

OUTAGE = (Phase(60), Phase(15, errors=1.0), Phase(120))

SCENARIOS = [
    Scenario(
        "AvailabilityBudgetBurnFast",
        "everything fails: both windows say so within a minute",
        service(*OUTAGE) | tenant("7", *OUTAGE),
        firing=(Firing("69m", None), Firing("74m", None)),
        silent=("59m", "66m", "95m", "3h"),
        window="1h",
    ),
    Scenario(
        "AvailabilityBudgetBurnFast",
        "one in a hundred fails for hours: the six hours say so",
        service(Phase(60, errors=0.01), Phase(90), step_s=60.0),
        firing=(Firing("50m", "1%", worst=""),),
        silent=("2h20m",),
        step="1m",
        window="6h",
    ),
    Scenario(
        "AvailabilityBudgetBurnFast",
        "one in a thousand fails, as promised",
        service(Phase(180, errors=0.001), step_s=60.0),
        step="1m",
        lasts="3h",
    ),
    Scenario(
        "AvailabilityBudgetBurnFast",
        "nine requests fail in a quiet night",
        service(Phase(60, rate=9 / 3600, errors=1.0), Phase(120, rate=0.01), step_s=60.0),
        step="1m",
        lasts="3h",
    ),
    Scenario(
        "AvailabilityBudgetBurnSlow",
        "four in a thousand fail for a day",
        service(Phase(120, errors=0.004), Phase(240), step_s=60.0)
        | tenant("7", Phase(120, errors=0.004), Phase(240), step_s=60.0),
        firing=(Firing("110m", "0.4%", worst="7 (0.4%)"),),
        silent=("4h30m",),
        step="1m",
        window="1d",
    ),
    Scenario(
        "AvailabilityBudgetBurnSlow",
        "the budget is used at the pace it was given",
        service(Phase(240, errors=0.0009), step_s=60.0),
        step="1m",
        lasts="4h",
    ),
    Scenario(
        "LatencyBudgetBurnFast",
        "half of the requests are slow",
        service(Phase(60), Phase(80, slow=0.5, mean=0.09), Phase(60)),
        firing=(Firing("135m", "50%"),),
        silent=("59m", "69m", "165m"),
        window="1h",
    ),
    Scenario(
        "LatencyBudgetBurnFast",
        "one in a hundred is slow, as promised",
        service(Phase(180, slow=0.01), step_s=60.0),
        step="1m",
        lasts="3h",
    ),
    Scenario(
        "LatencyBudgetBurnSlow",
        "four in a hundred are slow for a day",
        service(Phase(120, slow=0.04), Phase(240), step_s=60.0),
        firing=(Firing("110m", "4%"),),
        silent=("4h30m",),
        step="1m",
        window="1d",
    ),
    Scenario(
        "LatencyBudgetBurnSlow",
        "the budget is used at the pace it was given",
        service(Phase(240, slow=0.009), step_s=60.0),
        step="1m",
        lasts="4h",
    ),
]
