#!/usr/bin/env bash
# Packages: opentelemetry-propagator-jaeger 1.45.1 (Python), @opentelemetry/propagator-jaeger 2.12.0 (Node)
# Expected: flags of uber-trace-id are bits: 1 sampled, 2 debug ("Trace/Span Identity" in Jaeger's client
#   description); a sampled context goes on as it came, with 1.
# Seen: Python sends each sampled context on with 03, so everything behind one Python hop is marked for
#   debugging; Node sends 01. Python also refuses the header in the percent-encoded form that older Jaeger
#   clients send over HTTP and starts a new trace, where Node reads it.
# Hurts: who marks single requests with debug, to have them kept whatever the sampling says: behind a Python hop
#   every sampled trace carries the mark, and it tells nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'opentelemetry-propagator-jaeger==1.45.1'
npm install --silent --no-audit --no-fund '@opentelemetry/propagator-jaeger@2.12.0' '@opentelemetry/core@2.12.1' '@opentelemetry/api@1.9.1'

cat > look.py <<'PYTHON'
"""Take three contexts in and print what goes out."""

from opentelemetry.propagators.jaeger import JaegerPropagator

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
for header in [f"{TRACE}:{SPAN}:0:1", f"{TRACE}:{SPAN}:0:0", f"{TRACE}%3A{SPAN}%3A0%3A1"]:
    carrier = {}
    JaegerPropagator().inject(carrier, JaegerPropagator().extract({"uber-trace-id": header}))
    print("Python", header[32:].replace(SPAN, "SPAN"), "->", carrier.get("uber-trace-id", "nothing").split(":")[-1])
PYTHON

cat > look.js <<'NODE'
const api = require("@opentelemetry/api");
const { JaegerPropagator } = require("@opentelemetry/propagator-jaeger");
const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const propagator = new JaegerPropagator();
for (const header of [`${trace}:${span}:0:1`, `${trace}:${span}:0:0`, `${trace}%3A${span}%3A0%3A1`]) {
  const context = propagator.extract(api.ROOT_CONTEXT, { "uber-trace-id": header }, api.defaultTextMapGetter);
  const carrier = {};
  propagator.inject(context, carrier, api.defaultTextMapSetter);
  const sent = (carrier["uber-trace-id"] ?? "nothing").split(":").at(-1);
  console.log("Node", header.slice(32).replace(span, "SPAN"), "->", sent);
}
NODE

cat > expected.txt <<'SEEN'
Python :SPAN:0:1 -> 03
Python :SPAN:0:0 -> 00
Python %3ASPAN%3A0%3A1 -> nothing
Node :SPAN:0:1 -> 01
Node :SPAN:0:0 -> 00
Node %3ASPAN%3A0%3A1 -> 01
SEEN
{
  venv/bin/python look.py
  node look.js
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
