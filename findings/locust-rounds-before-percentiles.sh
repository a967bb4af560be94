#!/usr/bin/env bash
# Packages: locust 2.47.0
# Expected: a load tool's P95 and P99 are latencies that were measured, to the precision in which it writes them, and no
#   percentile lies below what it lies below in the data: P100 is the maximum.
# Seen: each latency is rounded to two figures before it is counted, half of them downwards: 104.9 ms becomes 100, 1,049 ms
#   becomes 1,000. P99 of calls that all took 104.9 ms is 100, and P100 is smaller than the maximum beside it.
# Hurts: who sets a limit at a round number, as everybody does: "P95 at most 100 ms" passes with every call at 104.9 ms,
#   and "at most 1 s" with every call at 1,049 ms.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'locust==2.47.0'

cat > look.py <<'PYTHON'
"""Record a hundred equal latencies, of several sizes, and print what the statistics say."""

from locust.stats import RequestStats

for milliseconds in (99.4, 104.9, 105.1, 1049.0, 1051.0):
    stats = RequestStats()
    for _ in range(100):
        stats.log_request("GET", "/contacts", milliseconds, 0)
    entry = stats.get("/contacts", "GET")
    p99, p100 = entry.get_response_time_percentile(0.99), entry.get_response_time_percentile(1.0)
    print(f"{milliseconds} ms each: P99 {p99}, P100 {p100}, maximum {entry.max_response_time}")
PYTHON

cat > expected.txt <<'SEEN'
99.4 ms each: P99 99, P100 99, maximum 99.4
104.9 ms each: P99 100, P100 100, maximum 104.9
105.1 ms each: P99 110, P100 110, maximum 105.1
1049.0 ms each: P99 1000, P100 1000, maximum 1049.0
1051.0 ms each: P99 1100, P100 1100, maximum 1051.0
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
