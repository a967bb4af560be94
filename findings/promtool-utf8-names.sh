#!/usr/bin/env bash
# Packages: promtool 3.5.3 (of Prometheus, as Debian builds it; on the PATH, or named by PROMTOOL)
# Expected: the tool that comes with a server checks what that server takes. Since 3.0 names in any UTF-8 are valid, in
#   quotes ("UTF-8 in Prometheus" in its documentation), and the server of this release stores such a scrape.
# Seen: "check metrics" refuses a quoted metric name and a quoted label name; "check rules" of the same program takes a
#   rule over them, and "test rules" evaluates it.
# Hurts: who checks /metrics in CI with promtool and turns on UTF-8 names, as OpenTelemetry's do: the check fails on text
#   that the server accepts.
set -euo pipefail
promtool=${PROMTOOL:-promtool}
"$promtool" --version 2>&1 | grep --quiet 'version 3\.5\.3' || { echo 'needs promtool 3.5.3' >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > metric.txt <<'TEXT'
# HELP "orders.open" Orders.
# TYPE "orders.open" gauge
{"orders.open"} 1
TEXT
cat > label.txt <<'TEXT'
# HELP orders Orders.
# TYPE orders gauge
orders{"http.route"="/"} 1
TEXT
cat > rules.yml <<'YAML'
groups:
  - name: look
    rules:
      - record: seen
        expr: sum by ("http.route") ({"orders.open", "http.route"="/"})
YAML
cat > test.yml <<'YAML'
rule_files: [rules.yml]
tests:
  - interval: 1m
    input_series:
      - { series: '{"orders.open", "http.route"="/"}', values: "3" }
    promql_expr_test:
      - { expr: seen, eval_time: 0m, exp_samples: [{ labels: '{"seen", "http.route"="/"}', value: 3 }] }
YAML

cat > expected.txt <<'SEEN'
check metrics, metric: invalid metric name "orders.open"
check metrics, label: invalid label name "http.route"
check rules: accepted
test rules: passed
SEEN
{
  for kind in metric label; do
    if "$promtool" check metrics < "$kind.txt" > said.txt 2>&1; then echo "check metrics, $kind: accepted"
    else echo "check metrics, $kind: $(sed 's/.*line [0-9]*: //' said.txt)"; fi
  done
  "$promtool" check rules rules.yml > /dev/null && echo 'check rules: accepted'
  "$promtool" test rules test.yml > /dev/null && echo 'test rules: passed'
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
