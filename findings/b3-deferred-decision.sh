#!/usr/bin/env bash
# Packages: opentelemetry-propagator-b3 1.45.1, opentelemetry-sdk 1.45.2 (Python), @opentelemetry/propagator-b3 2.12.0 (Node)
# Expected: a B3 context without a sampling state leaves the decision to the receiver ("Accept, Deny, Defer" in
#   the B3 specification); whatever is made of it, the single header and the three headers mean the same.
# Seen: in Python the same context is sampled when it comes in the single header and not sampled when it comes in
#   several, and the next service is told so; Node says "not sampled" to both.
# Hurts: who sits behind a proxy that hands on ids and defers: with the one header form a parent-based sampler
#   keeps every trace, whatever its ratio, with the other it keeps none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-propagator-b3==1.45.1' 'opentelemetry-sdk==1.45.2'
npm install --silent --no-audit --no-fund '@opentelemetry/propagator-b3@2.12.0' '@opentelemetry/core@2.12.1' '@opentelemetry/api@1.9.1'

cat > look.py <<'PYTHON'
"""Count how many of a hundred deferred contexts a 10 % sampler keeps, by header form."""

from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

tracer = TracerProvider(sampler=ParentBased(TraceIdRatioBased(0.1))).get_tracer("look")
SPAN = "00f067aa0ba902b7"


def kept(propagator, carrier_of):
    count = 0
    for number in range(1, 101):
        context = propagator.extract(carrier_of(f"{number:032x}"))
        count += tracer.start_span("work", context=context).is_recording()
    return count


print("Python, single header: kept", kept(B3SingleFormat(), lambda trace: {"b3": f"{trace}-{SPAN}"}))
several = kept(B3MultiFormat(), lambda trace: {"x-b3-traceid": trace, "x-b3-spanid": SPAN})
print("Python, three headers: kept", several)
PYTHON

cat > look.js <<'NODE'
const api = require("@opentelemetry/api");
const { B3Propagator } = require("@opentelemetry/propagator-b3");
const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
for (const carrier of [{ b3: `${trace}-${span}` }, { "x-b3-traceid": trace, "x-b3-spanid": span }]) {
  const context = new B3Propagator().extract(api.ROOT_CONTEXT, carrier, api.defaultTextMapGetter);
  console.log("Node,", Object.keys(carrier)[0], "flags", api.trace.getSpanContext(context).traceFlags);
}
NODE

cat > expected.txt <<'SEEN'
Python, single header: kept 100
Python, three headers: kept 0
Node, b3 flags 0
Node, x-b3-traceid flags 0
SEEN
{
  venv/bin/python look.py
  node look.js
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
