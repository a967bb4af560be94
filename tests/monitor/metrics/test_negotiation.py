"""A scrape has the format and coding that its reader asked for, by weight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.negotiation import wants_gzip, wants_openmetrics

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        (PROMETHEUS_3, True),
        ("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.1", False),
        ("application/openmetrics-text;q=0, text/plain;q=0.1", False),
        ("application/openmetrics-text;q=0", False),
        ("text/plain;q=0, application/openmetrics-text;q=0.1", True),
        ("APPLICATION/OPENMETRICS-TEXT ; Version=1.0.0 ; Q=0.5", True),
        ("application/openmetrics-text;version=2.0.0", False),
        ("application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.2", True),
        ("application/openmetrics-text, text/plain", True),
        ("text/plain, application/openmetrics-text", False),
        ("application/openmetrics-text;q=high, text/plain", False),
        ("application/vnd.google.protobuf;encoding=delimited, text/html", False),
    ],
)
def test_the_format_follows_the_weights(accept: str, openmetrics: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """The heavier of the two is sent; a weight of nought refuses, and other versions are not ours."""
    assert wants_openmetrics(accept) is openmetrics


@pytest.mark.parametrize(
    ("encoding", "gzip"),
    [
        ("", False),
        ("gzip", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.1, gzip;q=0.5", True),
        ("br, zstd", False),
        ("GZIP;Q=1.0", True),
    ],
)
def test_the_coding_follows_the_weights(encoding: str, gzip: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Gzip is sent to who takes it and does not like plain bytes better."""
    assert wants_gzip(encoding) is gzip


@given(st.text(max_size=200))
def test_no_header_breaks_a_scrape(header: str) -> None:
    """Whatever stands in a header, the scrape has some format and some coding."""
    assert wants_openmetrics(header) in {True, False}
    assert wants_gzip(header) in {True, False}
