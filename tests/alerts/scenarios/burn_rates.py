"""Error budgets that burn: fast for a page, slowly for a ticket."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import Phase, service, tenant

OUTAGE = (Phase(60), Phase(15, errors=1.0), Phase(120))

SCENARIOS = [
    Scenario(
        "AvailabilityBudgetBurnFast",
        "everything fails: the hour's window says so within three minutes",
        service(*OUTAGE) | tenant("7", *OUTAGE),
        firing=(Firing("64m", None), Firing("74m", None)),
        silent=("59m", "62m", "95m", "3h"),
        window="1h",
    ),
    Scenario(
        "AvailabilityBudgetBurnFast",
        "one in a hundred fails for hours: the six hours say so",
        service(Phase(300, errors=0.01), Phase(120), step_s=60.0),
        firing=(Firing("4h", "1%", worst=""),),
        silent=("6h",),
        step="1m",
        window="6h",
    ),
    Scenario(
        "AvailabilityBudgetBurnFast",
        "one in a thousand fails, as promised",
        service(Phase(300, errors=0.001), step_s=60.0),
        step="1m",
        lasts="5h",
    ),
    Scenario(
        "AvailabilityBudgetBurnFast",
        "nine requests fail in a quiet night",
        service(Phase(60, rate=9 / 3600, errors=1.0), Phase(240, rate=0.01), step_s=60.0),
        step="1m",
        lasts="5h",
    ),
    Scenario(
        "AvailabilityBudgetBurnSlow",
        "four in a thousand fail for a day",
        service(Phase(1800, errors=0.004), Phase(600), step_s=120.0)
        | tenant("7", Phase(1800, errors=0.004), Phase(600), step_s=120.0),
        firing=(Firing("29h", "0.4%", worst="7 (0.4%)"),),
        silent=("38h",),
        step="2m",
        window="1d",
    ),
    Scenario(
        "AvailabilityBudgetBurnSlow",
        "the budget is used at the pace it was given",
        service(Phase(1560, errors=0.0009), step_s=120.0),
        step="2m",
        lasts="26h",
    ),
    Scenario(
        "LatencyBudgetBurnFast",
        "half of the requests are slow",
        service(Phase(60), Phase(80, slow=0.5, mean=0.09), Phase(60)),
        firing=(Firing("135m", "50%"),),
        silent=("59m", "65m", "165m"),
        window="1h",
    ),
    Scenario(
        "LatencyBudgetBurnFast",
        "one in a hundred is slow, as promised",
        service(Phase(300, slow=0.01), step_s=60.0),
        step="1m",
        lasts="5h",
    ),
    Scenario(
        "LatencyBudgetBurnSlow",
        "four in a hundred are slow for a day",
        service(Phase(1800, slow=0.04), Phase(600), step_s=120.0),
        firing=(Firing("29h", "4%"),),
        silent=("38h",),
        step="2m",
        window="1d",
    ),
    Scenario(
        "LatencyBudgetBurnSlow",
        "the budget is used at the pace it was given",
        service(Phase(1560, slow=0.009), step_s=120.0),
        step="2m",
        lasts="26h",
    ),
]
