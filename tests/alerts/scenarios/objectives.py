"""The three thresholds: of the service, of many clinics, of one, of a quiet one."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import Phase, cache, merged, named, service, tenant

CLINIC = {"tenant": "7"}
GOOD, BACK = Phase(20), Phase(40)
FAILING, SLOW, COLD = Phase(20, errors=0.1), Phase(20, mean=0.25), Phase(40, hits=0.4)
MANY = tuple(str(number) for number in range(1, 13))
FEW = MANY[:10]


def _everywhere(tenants: tuple[str, ...], *phases: Phase) -> dict[str, str]:
    return merged(tenant(identity, *phases) for identity in tenants)


def _caches(tenants: tuple[str, ...], *phases: Phase) -> dict[str, str]:
    return merged(cache(identity, *phases) for identity in tenants)


ERRORS = [
    Scenario(
        "ServiceErrorsHigh",
        "one request in ten fails for twenty minutes",
        service(GOOD, FAILING, BACK) | tenant("7", GOOD, FAILING, BACK) | tenant("8", GOOD, GOOD, BACK),
        firing=(Firing("32m", "10%", worst="7 (10%)"),),
        silent=("19m", "26m", "55m"),
    ),
    Scenario(
        "ServiceErrorsHigh",
        "a burst of failures that is over is not a page, however high",
        service(GOOD, Phase(0.25, errors=1.0), BACK),
        lasts="1h",
    ),
    Scenario(
        "ServiceErrorsHigh",
        "everything fails for forty-five seconds, once",
        service(GOOD, Phase(0.75, errors=1.0), BACK),
        lasts="1h",
    ),
    Scenario(
        "ServiceFailing",
        "everything fails: told within three minutes",
        service(GOOD, Phase(10, errors=1.0), BACK) | tenant("7", GOOD, Phase(10, errors=1.0), BACK),
        firing=(Firing("23m", "100%", worst="7 (100%)"),),
        silent=("19m", "21m", "60m"),
    ),
    Scenario(
        "ServiceFailing",
        "everything fails for forty-five seconds, once",
        service(GOOD, Phase(0.75, errors=1.0), BACK),
        lasts="1h",
    ),
    Scenario(
        "ServiceFailing",
        "four in ten fail, which another page tells",
        service(Phase(60, errors=0.4)),
        lasts="1h",
    ),
    Scenario(
        "ServiceFailing",
        "four minutes in every twenty fail: one page, from the first burst to the last",
        service(GOOD, *([Phase(4, errors=1.0), Phase(16)] * 4), BACK),
        firing=(Firing("24m", None), Firing("35m", None), Firing("45m", None), Firing("75m", None)),
        silent=("19m", "118m"),
    ),
    Scenario(
        "TenantFailing",
        "one clinic's requests all fail",
        tenant("7", GOOD, Phase(10, errors=1.0), BACK) | tenant("8", GOOD, Phase(10), BACK),
        firing=(Firing("24m", "100%", CLINIC),),
        silent=("19m", "21m", "60m"),
    ),
    Scenario(
        "TenantFailing",
        "a clinic with five requests an hour is no page",
        tenant("7", Phase(60, rate=5 / 3600, errors=1.0)),
        lasts="1h",
    ),
    Scenario(
        "TenantFailing",
        "forty-five seconds, once",
        tenant("7", GOOD, Phase(0.75, errors=1.0), BACK),
        lasts="1h",
    ),
    Scenario(
        "ServiceErrorsHigh",
        "four in a hundred fail all day",
        service(Phase(60, errors=0.04)),
        lasts="1h",
    ),
    Scenario(
        "ServiceErrorsHigh",
        "the one request of the night fails",
        service(Phase(30, rate=1 / 1800, errors=1.0), BACK),
        lasts="1h",
    ),
    Scenario(
        "ServiceErrorsHigh",
        "only the probes fail",
        {
            named(
                "http_server_request_duration_seconds_count",
                http_route=route,
                http_response_status_code="503",
            ): "0+15x200"
            for route in ("/api/health/ready", "/api/health")
        }
        | service(Phase(50)),
        lasts="50m",
    ),
    Scenario(
        "ManyTenantsErrorsHigh",
        "twelve clinics fail together",
        _everywhere(MANY, GOOD, FAILING, BACK),
        firing=(Firing("32m", "12"),),
        silent=("19m", "27m", "52m"),
    ),
    Scenario(
        "ManyTenantsErrorsHigh", "ten clinics are not many", _everywhere(FEW, GOOD, FAILING, BACK), lasts="1h"
    ),
    Scenario(
        "TenantErrorsHigh",
        "one clinic fails, its neighbour does not",
        tenant("7", GOOD, FAILING, BACK) | tenant("8", GOOD, GOOD, BACK),
        firing=(Firing("33m", "10%", CLINIC),),
        silent=("19m", "28m", "50m"),
    ),
    Scenario("TenantErrorsHigh", "four in a hundred fail", tenant("7", Phase(60, errors=0.04)), lasts="1h"),
    Scenario(
        "TenantErrorsHigh",
        "requests without a clinic fail",
        tenant("__none__", Phase(60, errors=1.0)),
        lasts="1h",
    ),
    Scenario(
        "TenantErrorsHigh",
        "one request in an hour, and it fails",
        tenant("7", Phase(60, rate=1 / 3600, errors=1.0)),
        lasts="1h",
    ),
    Scenario(
        "TenantErrorsHigh",
        "a restart sets the counters back, nobody fails",
        {
            named("tenant_http_requests_total", tenant="7", outcome="success"): "0+150x80 0+150x160",
            named("tenant_http_requests_total", tenant="7", outcome="server_error"): "900x80 0x160",
        },
        lasts="1h",
    ),
]

LATENCY = [
    Scenario(
        "ServiceLatencyHigh",
        "the mean is 250 ms for twenty minutes",
        service(GOOD, SLOW, BACK) | tenant("7", GOOD, SLOW, BACK),
        firing=(Firing("32m", "250ms", worst="7 (250ms)"),),
        silent=("19m", "25m", "56m"),
    ),
    Scenario("ServiceLatencyHigh", "the mean is 99 ms", service(Phase(60, mean=0.099)), lasts="1h"),
    Scenario(
        "ServiceLatencyHigh", "too few requests to say", service(Phase(60, rate=0.05, mean=2.0)), lasts="1h"
    ),
    Scenario("ServiceLatencyHigh", "no request at all: 0/0", service(Phase(60, rate=0.0)), lasts="1h"),
    Scenario(
        "ManyTenantsLatencyHigh",
        "twelve clinics are slow together",
        _everywhere(MANY, GOOD, SLOW, BACK),
        firing=(Firing("32m", "12"),),
        silent=("19m", "26m", "54m"),
    ),
    Scenario(
        "ManyTenantsLatencyHigh", "ten clinics are not many", _everywhere(FEW, GOOD, SLOW, BACK), lasts="1h"
    ),
    Scenario(
        "TenantLatencyHigh",
        "one clinic is slow",
        tenant("7", GOOD, SLOW, BACK) | tenant("8", GOOD, GOOD, BACK),
        firing=(Firing("33m", "250ms", CLINIC),),
        silent=("19m", "27m", "51m"),
    ),
    Scenario("TenantLatencyHigh", "the mean is 99 ms", tenant("7", Phase(60, mean=0.099)), lasts="1h"),
    Scenario(
        "TenantLatencyHigh",
        "one slow minute is over before its patience",
        tenant("7", GOOD, Phase(1, mean=3.0), BACK),
        lasts="1h",
    ),
    Scenario(
        "ServiceLatencyHigh",
        "forty-five seconds of three seconds each, once",
        service(GOOD, Phase(0.75, mean=3.0), BACK),
        lasts="1h",
    ),
]

HIT_RATIO = [
    Scenario(
        "ServiceHitRatioLow",
        "four lookups in ten hit for forty minutes",
        cache("7", GOOD, COLD, BACK),
        firing=(Firing("45m", "40%", worst="7 (40%)"),),
        silent=("19m", "32m", "80m"),
    ),
    Scenario(
        "ServiceHitRatioLow",
        "a little over seventy in a hundred hit",
        cache("7", Phase(60, hits=0.71)),
        lasts="1h",
    ),
    Scenario("ServiceHitRatioLow", "nothing is looked up: 0/0", cache("7", Phase(60, rate=0.0)), lasts="1h"),
    Scenario(
        "ServiceHitRatioLow",
        "the cache is switched off: bypasses count neither way",
        cache("7", GOOD, Phase(40, rate=0.0, bypass=10.0), BACK),
        lasts="100m",
    ),
    Scenario(
        "ServiceHitRatioLow",
        "cold for five minutes after it is switched on",
        cache("7", Phase(20, rate=0.0, bypass=10.0), Phase(5, hits=0.3), BACK),
        lasts="1h",
    ),
    Scenario(
        "ManyTenantsHitRatioLow",
        "twelve clinics miss together",
        _caches(MANY, GOOD, COLD, BACK),
        firing=(Firing("45m", "12"),),
        silent=("19m", "33m", "76m"),
    ),
    Scenario(
        "ManyTenantsHitRatioLow", "ten clinics are not many", _caches(FEW, GOOD, COLD, BACK), lasts="100m"
    ),
    Scenario(
        "TenantHitRatioLow",
        "one clinic misses",
        cache("7", GOOD, COLD, BACK) | cache("8", GOOD, Phase(40), BACK),
        firing=(Firing("45m", "40%", CLINIC),),
        silent=("19m", "34m", "74m"),
    ),
    Scenario(
        "TenantHitRatioLow",
        "a quiet clinic asks so seldom that entries expire in between",
        cache("7", Phase(100, rate=0.5, hits=0.1)),
        lasts="100m",
    ),
    Scenario("TenantHitRatioLow", "nothing is looked up: 0/0", cache("7", Phase(60, rate=0.0)), lasts="1h"),
]

QUIET = [
    Scenario(
        "QuietTenantErrorsHigh",
        "one request an hour, and every one fails: told within the second hour",
        {
            named("tenant_http_requests_total", tenant="7", outcome="success"): "0x600",
            named("tenant_http_requests_total", tenant="7", outcome="server_error"): (
                "0x10 1x59 2x59 3x59 4x59 5x59 6x59 7x59 8x60"
            ),
        },
        firing=(Firing("1h", None), Firing("3h30m", None), Firing("6h", None)),
        silent=("9m", "30m"),
        step="1m",
    ),
    Scenario(
        "QuietTenantErrorsHigh",
        "ten requests an hour, all of them fail",
        tenant("7", Phase(180, rate=10 / 3600, errors=1.0), Phase(1200, rate=10 / 3600), step_s=60.0),
        firing=(Firing("2h", "100%", CLINIC),),
        silent=("20m", "22h"),
        step="1m",
    ),
    Scenario(
        "QuietTenantErrorsHigh",
        "two requests an hour, all of them fail: six hours say it",
        tenant("7", Phase(600, rate=2 / 3600, errors=1.0), step_s=60.0),
        firing=(Firing("2h", "100%", CLINIC), Firing("8h", "100%", CLINIC)),
        silent=("20m",),
        step="1m",
    ),
    Scenario(
        "QuietTenantErrorsHigh",
        "the one request in hours fails, which is a ticket and never a page",
        {
            named("tenant_http_requests_total", tenant="7", outcome="server_error"): "0x60 1x660",
        },
        firing=(Firing("2h", "100%", CLINIC),),
        silent=("1h", "8h30m"),
        step="1m",
    ),
    Scenario(
        "QuietTenantErrorsHigh",
        "one request of three fails",
        {
            named("tenant_http_requests_total", tenant="7", outcome="success"): "0x30 1x30 2x660",
            named("tenant_http_requests_total", tenant="7", outcome="server_error"): "0x60 1x660",
        },
        step="1m",
        lasts="11h",
    ),
    Scenario(
        "QuietTenantErrorsHigh",
        "a busy clinic pages instead",
        tenant("7", Phase(240, rate=5.0, errors=0.5), step_s=60.0),
        step="1m",
        lasts="4h",
    ),
    Scenario(
        "QuietTenantLatencyHigh",
        "sixty requests an hour, a second each",
        tenant("7", Phase(180, rate=60 / 3600, mean=1.0), Phase(1200, rate=60 / 3600), step_s=60.0),
        firing=(Firing("2h", "1s", CLINIC),),
        silent=("20m", "22h"),
        step="1m",
    ),
    Scenario(
        "QuietTenantLatencyHigh",
        "five slow requests are too few to say",
        tenant("7", Phase(60, rate=5 / 3600, mean=3.0), Phase(600, rate=0.0), step_s=60.0),
        step="1m",
        lasts="11h",
    ),
]

SCENARIOS = [*ERRORS, *LATENCY, *HIT_RATIO, *QUIET]
