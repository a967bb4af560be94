#!/usr/bin/env bash
# Packages: opentelemetry-exporter-prometheus 0.66b2, prometheus-client 0.26.0
# Expected: attributes whose names become one label name ("a.b" and "a_b") keep both values, joined by ";"
#   in the order of the names ("Metric Attributes" in the Prometheus compatibility rules of the
#   OpenTelemetry specification).
# Seen: one value is lost without a word. Two points that differ only in the lost one are written as two
#   lines with the same labels, in one scrape.
# Hurts: who has both the old and the new spelling on a metric while moving between two conventions: a scrape
#   holds the same series twice, of which Prometheus 3.5.3 keeps the first line and drops the second.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-exporter-prometheus==0.66b2' 'prometheus-client==0.26.0'

cat > look.py <<'PYTHON'
"""Count under two spellings of one attribute; print the scrape's lines."""


from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

counter = MeterProvider([PrometheusMetricReader()]).get_meter("look").create_counter("orders")
counter.add(5, {"http.method": "GET", "http_method": "old-GET"})
counter.add(7, {"http.method": "PUT", "http_method": "old-GET"})
for line in generate_latest(REGISTRY).decode().splitlines():
    if line.startswith("orders_total"):
        labels = [label for label in line[13:].split("}")[0].split(",") if "otel_scope" not in label]
        print("orders_total", labels, line.split()[-1])
PYTHON

cat > expected.txt <<'SEEN'
orders_total ['http_method="old-GET"'] 5.0
orders_total ['http_method="old-GET"'] 7.0
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
