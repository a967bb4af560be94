#!/usr/bin/env bash
# Packages: opentelemetry-api 1.45.2 (Python), @opentelemetry/core 2.12.1 (Node)
# Expected: a baggage value is percent-encoded, and "+" is an ordinary character of it ("Definition" of
#   baggage-octet in W3C Baggage): "2026-03-29T09:00:00+02:00" arrives as it was sent, a space travels as %20.
# Seen: Python encodes and decodes as HTML forms do. It reads the "+" of another sender as a space, and writes
#   a space as "+", which Node reads as a plus sign. Python to Python nobody notices.
# Hurts: services in two languages that hand on a time with its offset, or any value with a space: each side
#   reads another value than was set, without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'opentelemetry-api==1.45.2'
npm install --silent --no-audit --no-fund '@opentelemetry/core@2.12.1' '@opentelemetry/api@1.9.1'

cat > look.py <<'PYTHON'
"""Read a header that follows the recommendation; write one for Node."""

import sys

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

header = {"baggage": "at=2026-03-29T09:00:00+02:00"}
print("Python reads", baggage.get_all(W3CBaggagePropagator().extract(header, Context()))["at"], file=sys.stderr)
carrier = {}
W3CBaggagePropagator().inject(carrier, baggage.set_baggage("ward", "north wing", Context()))
print(carrier["baggage"])
PYTHON
cat > look.js <<'NODE'
const api = require("@opentelemetry/api");
const { W3CBaggagePropagator } = require("@opentelemetry/core");
const propagator = new W3CBaggagePropagator();
const read = (header) => {
  const context = propagator.extract(api.ROOT_CONTEXT, { baggage: header }, api.defaultTextMapGetter);
  return api.propagation.getBaggage(context).getAllEntries()[0][1].value;
};
console.log("Node reads", read("at=2026-03-29T09:00:00+02:00"));
const fromPython = process.argv[2];
console.log("Python writes", fromPython, "and Node reads", read(fromPython));
NODE

cat > expected.txt <<'SEEN'
Python reads 2026-03-29T09:00:00 02:00
Node reads 2026-03-29T09:00:00+02:00
Python writes ward=north+wing and Node reads north+wing
SEEN
written=$(venv/bin/python look.py 2> seen.txt)
node look.js "$written" >> seen.txt
cat seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
