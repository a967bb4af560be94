#!/usr/bin/env bash
# Packages: prometheus-client 0.26.0, opentelemetry-exporter-prometheus 0.66b2 (Python), prom-client 15.1.3 (Node)
# Expected: the bound of one second is le="1.0" in OpenMetrics ("Considerations: Canonical Numbers"): label values are
#   compared as text, so one number needs one spelling.
# Seen: prometheus-client writes "1.0"; OpenTelemetry's exporter writes "1" or "1.0", by whether the bound was given as
#   an int or a float; Node's prom-client writes "1", under the OpenMetrics content type too.
# Hurts: who adds up histograms of several services by le, or names a bound in a rule, where nothing makes the spellings
#   one (Prometheus before 3.0, remote write): the rule sees some of the services, the sum has two buckets for
#   one bound.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'prometheus-client==0.26.0' 'opentelemetry-exporter-prometheus==0.66b2'
npm install --silent --no-audit --no-fund 'prom-client@15.1.3'

cat > look.py <<'PYTHON'
"""Print the spelling of the same bounds by two libraries."""

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, Histogram
from prometheus_client.openmetrics.exposition import generate_latest

meter = MeterProvider([PrometheusMetricReader()]).get_meter("look")
meter.create_histogram("ints", explicit_bucket_boundaries_advisory=[1, 10]).record(0.5)
meter.create_histogram("floats", explicit_bucket_boundaries_advisory=[1.0, 10.0]).record(0.5)
Histogram("client", "", buckets=[1, 10])
lines = generate_latest(REGISTRY).decode().splitlines()
for writer, name in (("prometheus-client", "client"), ("OpenTelemetry, ints", "ints"), ("OpenTelemetry, floats", "floats")):
    print(writer, [line.split('le="')[1].split('"')[0] for line in lines if line.startswith(name + "_bucket")])
PYTHON

cat > look.js <<'NODE'
const prom = require("prom-client");
const registry = new prom.Registry();
registry.setContentType(prom.Registry.OPENMETRICS_CONTENT_TYPE);
new prom.Histogram({ name: "client", help: "h", buckets: [1, 10], registers: [registry] }).observe(0.5);
registry.metrics().then((text) => console.log("prom-client", [...text.matchAll(/le="([^"]+)"/g)].map((match) => match[1])));
NODE

cat > expected.txt <<'SEEN'
prometheus-client ['1.0', '10.0', '+Inf']
OpenTelemetry, ints ['1', '10', '+Inf']
OpenTelemetry, floats ['1.0', '10.0', '+Inf']
prom-client [ '1', '10', '+Inf' ]
SEEN
{
  venv/bin/python look.py
  node look.js
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
