#!/usr/bin/env bash
# Packages: opentelemetry-exporter-prometheus 0.66b2, opentelemetry-sdk 1.45.2, prometheus-client 0.26.0
# Expected: the text format has no exponential histograms, so they are dropped or turned into fixed buckets
#   ("Differences between Prometheus formats" in the Prometheus compatibility rules of the
#   OpenTelemetry specification); what else the process measures goes on being scraped.
# Seen: one View that asks for exponential buckets ends every scrape of the whole process in AttributeError:
#   the counter beside it is lost too.
# Hurts: who turns on exponential buckets for OTLP while a Prometheus reader stands on the same provider: the
#   target is down, for every metric, from the first recorded value on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-exporter-prometheus==0.66b2' 'opentelemetry-sdk==1.45.2' 'prometheus-client==0.26.0'

cat > look.py <<'PYTHON'
"""Scrape before and after the first value of a histogram with exponential buckets."""

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from prometheus_client import REGISTRY, generate_latest

view = View(instrument_name="latency", aggregation=ExponentialBucketHistogramAggregation())
meter = MeterProvider([PrometheusMetricReader()], views=[view]).get_meter("look")
meter.create_counter("orders").add(1)
latency = meter.create_histogram("latency")


def scrape():
    try:
        return "orders_total is there: " + str("orders_total" in generate_latest(REGISTRY).decode())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


print("before:", scrape())
latency.record(0.2)
print("after:", scrape())
print("again:", scrape())
PYTHON

cat > expected.txt <<'SEEN'
before: orders_total is there: True
after: AttributeError: 'ExponentialHistogramDataPoint' object has no attribute 'value'
again: AttributeError: 'ExponentialHistogramDataPoint' object has no attribute 'value'
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
