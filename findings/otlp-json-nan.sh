#!/usr/bin/env bash
# Packages: @opentelemetry/otlp-transformer 0.223.1 (Node), opentelemetry-exporter-otlp-json-file 0.66b1 (Python), protobuf 6.33.6
# Expected: the two encodings of OTLP carry the same values. JSON has no number for NaN and the infinities, so they
#   travel as the strings "NaN" and "Infinity" ("JSON Protobuf Encoding" in the OTLP specification points to ProtoJSON).
# Seen: Node writes null, which every ProtoJSON reader takes for "no value given": an attribute arrives that has a
#   key and no value. Its protobuf encoder sends NaN. Python writes "NaN" in JSON.
# Hurts: who reads a ratio of 0/0 from Node: whether it is NaN or a key without a value depends on the
#   encoding that the exporter happens to use.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'opentelemetry-exporter-otlp-json-file==0.66b1' 'opentelemetry-proto==1.45.1' 'opentelemetry-sdk==1.45.1' \
  'protobuf==6.33.6'
npm install --silent --no-audit --no-fund '@opentelemetry/otlp-transformer@0.223.1' '@opentelemetry/sdk-trace-base@2.12.1' '@opentelemetry/api@1.9.1'

cat > look.py <<'PYTHON'
"""Read Node's two encodings with the protocol's own classes, and write the same from Python."""

import io
import json
import sys

from google.protobuf import json_format
from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


def ratio(data):
    value = data.resource_spans[0].scope_spans[0].spans[0].attributes[0].value
    return value.WhichOneof("value"), value.double_value


text, packed = sys.stdin.read().split()
print("Node JSON", json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"][0]["value"])
print("Node JSON read", ratio(json_format.Parse(text, TracesData())))
print("Node protobuf read", ratio(TracesData.FromString(bytes.fromhex(packed))))

stream = io.StringIO()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(stream=stream)))
provider.get_tracer("look").start_span("work", attributes={"ratio": float("nan")}).end()
text = stream.getvalue()
print("Python JSON", json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"][0]["value"])
print("Python JSON read", ratio(json_format.Parse(text, TracesData())))
PYTHON

cat > look.js <<'NODE'
const { JsonTraceSerializer, ProtobufTraceSerializer } = require("@opentelemetry/otlp-transformer");
const trace = require("@opentelemetry/sdk-trace-base");
const memory = new trace.InMemorySpanExporter();
const provider = new trace.BasicTracerProvider({ spanProcessors: [new trace.SimpleSpanProcessor(memory)] });
provider.getTracer("look").startSpan("work", { attributes: { ratio: NaN } }).end();
const spans = memory.getFinishedSpans();
console.log(Buffer.from(JsonTraceSerializer.serializeRequest(spans)).toString());
console.log(Buffer.from(ProtobufTraceSerializer.serializeRequest(spans)).toString("hex"));
NODE

cat > expected.txt <<'SEEN'
Node JSON {'doubleValue': None}
Node JSON read (None, 0.0)
Node protobuf read ('double_value', nan)
Python JSON {'doubleValue': 'NaN'}
Python JSON read ('double_value', nan)
SEEN
node look.js | venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
