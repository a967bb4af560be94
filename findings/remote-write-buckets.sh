#!/usr/bin/env bash
# Packages: opentelemetry-exporter-prometheus-remote-write 0.66b1, opentelemetry-sdk 1.45.2
# Expected: a histogram arrives as Prometheus knows it ("Histogram" in the exposition formats, and the
#   OTLP to Prometheus rules of the OpenTelemetry specification): series NAME_bucket whose counts
#   are cumulative over le, the last one equal to NAME_count.
# Seen: the buckets are sent under the bare name without _bucket, each with the count of its own bucket only,
#   so le="+Inf" holds 1 where the count is 10; the bucket whose bound is 0 has no le at all. Counters come
#   without _total, and the unit is appended as the raw letter ("_s"), not as "_seconds".
# Hurts: who moves a service from scraping to remote write. Rules and panels on NAME_bucket are silent without
#   an error, and histogram_quantile over what did arrive gives numbers that look like latencies and are none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-exporter-prometheus-remote-write==0.66b1' 'opentelemetry-sdk==1.45.2'

cat > look.py <<'PYTHON'
"""Record ten latencies and a count, send them to a receiver on loopback, print each series that came."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import snappy
from opentelemetry.exporter.prometheus_remote_write import PrometheusRemoteWriteMetricsExporter
from opentelemetry.exporter.prometheus_remote_write.gen.remote_pb2 import WriteRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

bodies = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
exporter = PrometheusRemoteWriteMetricsExporter(
    endpoint=f"http://127.0.0.1:{server.server_port}/", resources_as_labels=False
)
reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
meter = MeterProvider([reader]).get_meter("look")
latency = meter.create_histogram("latency", unit="s", explicit_bucket_boundaries_advisory=[0.0, 0.1, 1.0])
for seconds in [0.05] * 6 + [0.5] * 3 + [5.0]:
    latency.record(seconds)
meter.create_counter("orders").add(4)
reader.force_flush()
server.shutdown()

request = WriteRequest()
request.ParseFromString(snappy.uncompress(bodies[0]))
for series in request.timeseries:
    labels = {label.name: label.value for label in series.labels}
    print(labels.pop("__name__"), labels, series.samples[0].value)
PYTHON

cat > expected.txt <<'SEEN'
latency_s {} 0.0
latency_s {'le': '0.1'} 6.0
latency_s {'le': '1.0'} 3.0
latency_s {'le': '+Inf'} 1.0
latency_s_sum {} 6.8
latency_s_count {} 10.0
orders {} 4.0
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
