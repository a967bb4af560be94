#!/usr/bin/env bash
# Packages: opentelemetry-api 1.45.2 (Python), @opentelemetry/core 2.12.1 (Node)
# Expected: what stands after ";" in a baggage member is its properties, not its value ("property" in W3C Baggage,
#   "metadata" in the OpenTelemetry baggage API), and an empty value is a value: the grammar is *baggage-octet.
# Seen: Python takes the properties for a part of the value and sends them on encoded, so one Python hop makes
#   of "tier=gold;ttl=30" a member that every later reader sees as the value "gold;ttl=30". Node keeps the
#   properties but drops each member with an empty value.
# Hurts: who compares a baggage value: behind a Python hop it is no longer equal to what was set, and a
#   member that was deliberately empty is absent behind a Node hop.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'opentelemetry-api==1.45.2'
npm install --silent --no-audit --no-fund '@opentelemetry/core@2.12.1' '@opentelemetry/api@1.9.1'

cat > look.py <<'PYTHON'
"""Take a header in and send it on, as a service in the middle does."""

import sys

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

context = W3CBaggagePropagator().extract({"baggage": sys.argv[1]}, Context())
carrier = {}
W3CBaggagePropagator().inject(carrier, context)
print("Python reads", dict(baggage.get_all(context)), "and sends", carrier["baggage"])
PYTHON
cat > look.js <<'NODE'
const api = require("@opentelemetry/api");
const { W3CBaggagePropagator } = require("@opentelemetry/core");
const propagator = new W3CBaggagePropagator();
const header = { baggage: process.argv[2] };
const context = propagator.extract(api.ROOT_CONTEXT, header, api.defaultTextMapGetter);
const entries = api.propagation.getBaggage(context).getAllEntries().map(([key, { value }]) => `${key}=${value}`);
const carrier = {};
propagator.inject(context, carrier, api.defaultTextMapSetter);
console.log("Node reads", entries.join(" "), "and sends", carrier.baggage);
NODE

cat > expected.txt <<'SEEN'
Python reads {'tier': 'gold;ttl=30', 'note': ''} and sends tier=gold%3Bttl%3D30,note=
Node reads tier=gold and sends tier=gold;ttl=30
SEEN
{
  venv/bin/python look.py 'tier=gold;ttl=30,note='
  node look.js 'tier=gold;ttl=30,note='
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
