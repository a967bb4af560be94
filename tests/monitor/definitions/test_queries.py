"""The one way in which each question is asked."""

from __future__ import annotations

from monitor.definitions.queries import TENANT_FAMILY, Queries, quoted_regex, service_requests

ASK = Queries(TENANT_FAMILY, "5m", ('job="a"',))


def test_errors_are_zero_where_there_are_none() -> None:
    """A clinic without a failed request has a series of zeros, not no series."""
    assert ASK.errors("tenant") == (
        '(sum by (tenant) (rate(tenant_http_requests_total{job="a",outcome="server_error"}[5m]))'
        ' or 0 * sum by (tenant) (rate(tenant_http_requests_total{job="a"}[5m])))'
    )


def test_a_ratio_of_nothing_is_no_sample() -> None:
    """0/0 is left out by comparing the whole, and what remains is rounded for the comparison with a bound."""
    mean = ASK.mean("tenant")

    assert mean.endswith("> 0), 0.000001)")
    assert mean.startswith("round(")


def test_a_bypass_is_no_lookup() -> None:
    """A cache that was not asked can neither hit nor miss."""
    assert 'result!="bypass"' in ASK.lookups("tenant")
    assert ASK.hit_ratio("tenant").count('result!="bypass"') == 2


def test_probes_are_left_out_of_the_services_requests() -> None:
    """A route matches itself alone, however it is spelt; with a star, what is below it."""
    ask = Queries(service_requests(("/a.b", "/c/*")), "5m")

    assert 'http_route!~"/a\\\\.b|/c/.*"' in ask.rate("job")
    assert quoted_regex(("/x",)) == "/x"


def test_no_matcher_is_no_brace() -> None:
    """A series that is asked for without a choice stands alone."""
    assert Queries(TENANT_FAMILY, "5m").series("up") == "up"
