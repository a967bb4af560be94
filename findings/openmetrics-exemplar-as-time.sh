#!/usr/bin/env bash
# Packages: prometheus-client 0.26.0
# Expected: prometheus_client.parser reads the text format 0.0.4, in which what follows the value is a timestamp in
#   milliseconds and nothing else; a line of OpenMetrics with an exemplar is an error to it, as to promtool.
# Seen: it takes the exemplar's last number for the sample's timestamp: the exemplar's value, or its time, divided by a
#   thousand. The sample is of January 1970, the exemplar is gone, nothing is raised.
# Hurts: tools and tests that fetch /metrics and parse it with the older parser: the answer is OpenMetrics as soon as
#   the client's Accept says so, and whoever keeps the timestamps writes into 1970.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'prometheus-client==0.26.0'

cat > look.py <<'PYTHON'
"""Write a counter with an exemplar as OpenMetrics; read it with both parsers."""

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as by_openmetrics
from prometheus_client.parser import text_string_to_metric_families as by_text

registry = CollectorRegistry()
Counter("orders", "", registry=registry).inc(2, exemplar={"trace_id": "ab"})
text = generate_latest(registry).decode()
[line] = [line for line in text.splitlines() if line.startswith("orders_total")]
text = text.replace(line, line.rpartition(" ")[0] + " 1774771200.5")
for name, read in (("openmetrics.parser", by_openmetrics), ("parser", by_text)):
    [sample] = [sample for family in read(text) for sample in family.samples if sample.name == "orders_total"]
    print(name, sample.value, "at", sample.timestamp, "with exemplar", sample.exemplar is not None)
PYTHON

cat > expected.txt <<'SEEN'
openmetrics.parser 2.0 at None with exemplar True
parser 2.0 at 1774771.2005 with exemplar False
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
