#!/usr/bin/env bash
# Packages: tdigest 0.5.2.2, fastdigest 0.12.0, ddsketch 3.0.1, hdrhistogram 0.10.8
# Expected: by the nearest-rank definition P99 of five calls is the slowest, and P95 of two calls too; P50 of one call is
#   that call.
# Seen: four libraries, three answers. HdrHistogram and tdigest give the slowest, fastdigest interpolates below it, and
#   DDSketch rounds the rank down: P99 of 1, 2, 3, 4 and 5 seconds is 4, P95 of 1 and 2 seconds is 1. DDSketch also
#   answers beyond what it saw, 5.003 for the largest of five, though it keeps the maximum.
# Hurts: per-tenant percentiles, where an hour holds five calls: the one slow call of a small tenant is invisible in
#   P99 with DDSketch, and plain with HdrHistogram.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'tdigest==0.5.2.2' 'fastdigest==0.12.0' 'ddsketch==3.0.1' 'hdrhistogram==0.10.8'

cat > look.py <<'PYTHON'
"""Ask four sketches for quantiles of one, two and five calls."""

import fastdigest
import tdigest
from ddsketch import DDSketch
from hdrh.histogram import HdrHistogram

for calls, quantile in ((1, 0.5), (2, 0.95), (5, 0.99), (5, 1.0)):
    seconds = [float(call) for call in range(1, calls + 1)]
    quick = fastdigest.TDigest.from_values(seconds)
    pure, log, high = tdigest.TDigest(), DDSketch(0.01), HdrHistogram(1, 100_000, 3)
    pure.batch_update(seconds)
    for value in seconds:
        log.add(value)
        high.record_value(round(value * 1000))
    print(
        f"P{quantile * 100:g} of {calls}:",
        f"fastdigest {quick.quantile(quantile):.4g}",
        f"tdigest {pure.percentile(quantile * 100):.4g}",
        f"ddsketch {log.get_quantile_value(quantile):.4g}",
        f"hdrhistogram {high.get_value_at_percentile(quantile * 100) / 1000:.4g}",
    )
PYTHON

cat > expected.txt <<'SEEN'
P50 of 1: fastdigest 1 tdigest 1 ddsketch 0.99 hdrhistogram 1
P95 of 2: fastdigest 1.95 tdigest 2 ddsketch 0.99 hdrhistogram 2
P99 of 5: fastdigest 4.96 tdigest 5 ddsketch 4.015 hdrhistogram 5.003
P100 of 5: fastdigest 5 tdigest 5 ddsketch 5.003 hdrhistogram 5.003
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
