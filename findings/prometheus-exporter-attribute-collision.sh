#!/usr/bin/env bash
# Packages: opentelemetry-exporter-prometheus 0.66b2, prometheus-client 0.26.0 (Python), @opentelemetry/exporter-prometheus 0.223.0 (Node)
# Expected: attributes whose names become one label name ("a.b" and "a_b") keep both values, joined by ";"
#   in the order of the names ("Metric Attributes" in the Prometheus compatibility rules of the
#   OpenTelemetry specification).
# Seen: Python loses one value without a word; two points that differ only in the lost one are written as two lines
#   with the same labels, in one scrape. Node writes the label twice in one line, which is no valid text.
# Hurts: who has both the old and the new spelling on a metric while moving between two conventions. From Python
#   Prometheus 3.5.3 keeps the first line and drops the second; from Node it refuses the scrape, so the whole
#   target is down.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-exporter-prometheus==0.66b2' 'prometheus-client==0.26.0'
npm install --silent --no-audit --no-fund '@opentelemetry/exporter-prometheus@0.223.0' '@opentelemetry/sdk-metrics@2.12.1' '@opentelemetry/api@1.9.1'

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
        print("Python", labels, line.split()[-1])
PYTHON

cat > look.js <<'NODE'
const { MeterProvider } = require("@opentelemetry/sdk-metrics");
const { PrometheusExporter, PrometheusSerializer } = require("@opentelemetry/exporter-prometheus");
const exporter = new PrometheusExporter({ preventServerStart: true });
const counter = new MeterProvider({ readers: [exporter] }).getMeter("look").createCounter("orders");
counter.add(5, { "http.method": "GET", http_method: "old-GET" });
exporter.collect().then(({ resourceMetrics }) => {
  const lines = new PrometheusSerializer().serialize(resourceMetrics).split("\n");
  const [line] = lines.filter((text) => text.startsWith("orders_total"));
  console.log("Node", line.match(/http_method="[^"]+"/g).join(" "), line.split(" ").at(-1));
});
NODE

cat > expected.txt <<'SEEN'
Python ['http_method="old-GET"'] 5.0
Python ['http_method="old-GET"'] 7.0
Node http_method="GET" http_method="old-GET" 5
SEEN
{
  venv/bin/python look.py
  node look.js
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
