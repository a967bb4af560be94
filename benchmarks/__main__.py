"""Run the benchmarks and write `docs/benchmarks.md`: `python -m benchmarks [MODULE ...] [--quick]`.

Each module runs in a process of its own and prints one JSON object as its last line: a key
`ours` and one for each rival, with the same fields. What stands in the document is kept in
`docs/benchmarks.json`, so that a run of some modules leaves the others' figures as they were.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.tables import table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "benchmarks.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
MODULES = (
    "cache_consistency",
    "cache_speed",
    "cache_outage",
    "cache_stampede",
    "soak",
    "overhead",
    "exposition",
    "server",
    "headline",
    "endings",
    "console",
    "alerts",
    "adoption",
)
HEAD = """# Benchmarks

**The point:** every claim about speed or correctness here is a module under `benchmarks/` that puts
the kit and its rivals through the same harness in one run. Machines differ and are noisy: read the
ratios, which stand in brackets (rival / ours), not the absolute figures.

`make bench` runs them all and writes this page; `make bench ARGS="cache_speed"` runs one.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=[name for name in MODULES if source(name).exists()])
    parser.add_argument("--quick", action="store_true", help="short runs, where a module has them")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = [name for name in options.modules if not measured(name, results, quick=options.quick)]
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    DOCUMENT.write_text(document(results))
    if failed:
        print(f"bench: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def source(name: str) -> Path:
    return ROOT / "benchmarks" / f"{name}.py"


def docstring(name: str) -> str:
    return ast.get_docstring(ast.parse(source(name).read_text())) or ""


def measured(name: str, results: dict[str, object], *, quick: bool) -> bool:
    """Run one module and keep its result; say whether it gave one."""
    print(f"bench: {name}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    if quick and "--quick" in source(name).read_text():
        command.append("--quick")
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    lines = run.stdout.strip().splitlines()
    if run.returncode or not lines:
        return False
    results[name] = {"date": dt.datetime.now(dt.UTC).date().isoformat(), **json.loads(lines[-1])}
    return True


def document(results: dict[str, object]) -> str:
    names = [name for name in (*MODULES, *sorted(set(results) - set(MODULES))) if source(name).exists()]
    sections = (
        f"## {name}\n\n{docstring(name)}\n\n{table(results[name])}" for name in names if name in results
    )
    return "\n".join((HEAD, *sections))


if __name__ == "__main__":
    sys.exit(main())
