#!/usr/bin/env bash
# Packages: promql-parser 0.11.0
# Expected: the text of a parsed expression is the same expression: parsing it again gives an equal tree.
# Seen: str() forgets the colon of a subquery, so x[5m:] becomes the range x[5m], and a rate over a subquery can no
#   longer be parsed; it cuts milliseconds, writes label names that need quotes without them, and regular
#   expressions with half of their backslashes. prettify() keeps all these.
# Hurts: a tool that reads rules, changes a matcher and writes them back: the rule means something else, and only some of
#   the changes are refused when it is loaded.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'promql-parser==0.11.0'

cat > look.py <<'PYTHON'
"""Write parsed expressions by both ways and parse the texts again."""

import promql_parser

EXPRESSIONS = (
    "x[5m:]",
    "max_over_time(rate(x[1m])[5m:])",
    "x[100ms]",
    'x{"http.route"="/"}',
    r'x{a=~"\\d+"}',
)


def outcome(text, tree):
    try:
        return "the same" if promql_parser.parse(text).prettify() == tree.prettify() else "another"
    except Exception:
        return "no expression"


for expression in EXPRESSIONS:
    tree = promql_parser.parse(expression)
    for way, text in (("str", str(tree)), ("prettify", tree.prettify())):
        print(f"{expression} by {way}: {text} ({outcome(text, tree)})")
PYTHON

cat > expected.txt <<'SEEN'
x[5m:] by str: x{}[5m] (another)
x[5m:] by prettify: x[5m:] (the same)
max_over_time(rate(x[1m])[5m:]) by str: max_over_time(rate(x{}[1m])[5m]) (no expression)
max_over_time(rate(x[1m])[5m:]) by prettify: max_over_time(rate(x[1m])[5m:]) (the same)
x[100ms] by str: x{}[0s] (no expression)
x[100ms] by prettify: x[100ms] (the same)
x{"http.route"="/"} by str: x{http.route="/"} (no expression)
x{"http.route"="/"} by prettify: x{"http.route"="/"} (the same)
x{a=~"\\d+"} by str: x{a=~"\d+"} (no expression)
x{a=~"\\d+"} by prettify: x{a=~"\\d+"} (the same)
SEEN
venv/bin/python look.py | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
