#!/usr/bin/env bash
# Packages: opentelemetry-exporter-prometheus 0.66b2 (Python), @opentelemetry/exporter-prometheus 0.223.0 (Node)
# Expected: one instrument has one name in Prometheus, whatever language it is written in: the unit is spelt out and
#   appended ("Metric Metadata" in the Prometheus compatibility rules of the OpenTelemetry specification).
# Seen: http.server.request.duration in "s" is http_server_request_duration_seconds from Python and
#   http_server_request_duration from Node, which puts the raw unit into a "# UNIT" line that is no suffix of the
#   name. A gauge in "By" is size_bytes here and size there.
# Hurts: who runs services in both languages by the stable conventions: no dashboard and no rule covers both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-exporter-prometheus==0.66b2' 'prometheus-client==0.26.0'
npm install --silent --no-audit --no-fund '@opentelemetry/exporter-prometheus@0.223.0' '@opentelemetry/sdk-metrics@2.12.1' '@opentelemetry/api@1.9.1'

cat > look.py <<'PYTHON'
"""Expose three instruments of Python's SDK."""

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

meter = MeterProvider([PrometheusMetricReader()]).get_meter("look")
meter.create_histogram("http.server.request.duration", unit="s").record(0.05)
meter.create_gauge("size", unit="By").set(1)
meter.create_gauge("load", unit="%").set(1)
lines = generate_latest(REGISTRY).decode().splitlines()
names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
print("Python", *(name for name in names if name.startswith(("http", "size", "load"))))
PYTHON

cat > look.js <<'NODE'
const { MeterProvider } = require("@opentelemetry/sdk-metrics");
const { PrometheusExporter, PrometheusSerializer } = require("@opentelemetry/exporter-prometheus");
const exporter = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [exporter] }).getMeter("look");
meter.createHistogram("http.server.request.duration", { unit: "s" }).record(0.05);
meter.createGauge("size", { unit: "By" }).record(1);
meter.createGauge("load", { unit: "%" }).record(1);
exporter.collect().then(({ resourceMetrics }) => {
  const lines = new PrometheusSerializer().serialize(resourceMetrics).split("\n");
  const words = (start) => lines.filter((line) => line.startsWith(start)).map((line) => line.split(" "));
  console.log("Node", words("# TYPE").map((line) => line[2]).filter((name) => name !== "target_info").join(" "));
  console.log("Node units", words("# UNIT").map((line) => line[3]).join(" "));
});
NODE

cat > expected.txt <<'SEEN'
Python http_server_request_duration_seconds size_bytes load_percent
Node http_server_request_duration size load
Node units s By %
SEEN
{
  venv/bin/python look.py
  node look.js
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
