#!/usr/bin/env bash
# Packages: jsonnet 0.22.0 (C++), gojsonnet 0.22.0 (Go), rjsonnet 0.5.6 (Rust)
# Expected: one program of Jsonnet gives one JSON, with each implementation of the language, all the more under one version
#   number; JSON numbers are as short as they can be (the language leaves the printing open).
# Seen: the YAML values yes and 012 are two texts, then true and 10, then "yes" and 10. The threshold 0.1
#   is printed as 0.10000000000000001 by two of them.
# Hurts: dashboards and rules as code: who changes the binding, or renders on another machine, gets a diff in every
#   threshold, and a value taken from YAML changes its type.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'jsonnet==0.22.0' 'gojsonnet==0.22.0' 'rjsonnet==0.5.6'

cat > look.py <<'PYTHON'
"""Evaluate the same lines; each implementation in a process of its own."""

import importlib
import sys

[name] = sys.argv[1:]
binding = importlib.import_module(name)
for line in ("0.1", "1/3", 'std.parseYaml("switch: yes")', 'std.parseYaml("port: 012")'):
    print(name, line, "->", " ".join(binding.evaluate_snippet("look", line).split()))
PYTHON

cat > expected.txt <<'SEEN'
_jsonnet 0.1 -> 0.10000000000000001
_jsonnet 1/3 -> 0.33333333333333331
_jsonnet std.parseYaml("switch: yes") -> { "switch": "yes" }
_jsonnet std.parseYaml("port: 012") -> { "port": "012" }
_gojsonnet 0.1 -> 0.10000000000000001
_gojsonnet 1/3 -> 0.33333333333333331
_gojsonnet std.parseYaml("switch: yes") -> { "switch": true }
_gojsonnet std.parseYaml("port: 012") -> { "port": 10 }
rjsonnet 0.1 -> 0.1
rjsonnet 1/3 -> 0.3333333333333333
rjsonnet std.parseYaml("switch: yes") -> { "switch": "yes" }
rjsonnet std.parseYaml("port: 012") -> { "port": 10 }
SEEN
for name in _jsonnet _gojsonnet rjsonnet; do venv/bin/python look.py "$name"; done | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
