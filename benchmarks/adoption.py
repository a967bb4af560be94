"""What does it cost to adopt the kit: packages, megabytes, import time, and lines of one's own?

Each rival does a part of what the ten lines bring (`examples/fastapi_app.py`): metrics, spans or a
cache, by its own quick start. Every snippet is run as it stands, in an interpreter of its own, beside
FastAPI alone. Packages and megabytes are what pip would install, by the metadata of the environment.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.cache_harness import machine

ROOT = Path(__file__).resolve().parent.parent
TIMES, QUICK_TIMES = 15, 5
BARS = {
    "hard dependencies of ours": "at most 8",
    "megabytes of ours beside FastAPI's own": "at most 40",
    "lines of ours": "at most 10",
    "import of ours": "under 150 ms and 250 modules, without a database",
}
APP = "from fastapi import FastAPI\napp = FastAPI()\n"
# Name: distributions, what is imported, and the adopter's own lines, which stand between APP and its routes.
# Lines are counted without imports and without what the app has anyway.
RIVALS = {
    "fastapi": (("fastapi",), "from fastapi import FastAPI", ""),
    "prometheus-fastapi-instrumentator": (
        ("prometheus-fastapi-instrumentator",),
        "from prometheus_fastapi_instrumentator import Instrumentator",
        "Instrumentator().instrument(app).expose(app)",
    ),
    "starlette-exporter": (
        ("starlette-exporter",),
        "from starlette_exporter import PrometheusMiddleware, handle_metrics",
        """
app.add_middleware(PrometheusMiddleware)
app.add_route("/metrics", handle_metrics)
""",
    ),
    "opentelemetry-instrumentation-fastapi": (
        ("opentelemetry-instrumentation-fastapi", "opentelemetry-sdk"),
        """
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
""",
        """
trace.set_tracer_provider(TracerProvider())
FastAPIInstrumentor.instrument_app(app)
""",
    ),
    "fastapi-cache2": (
        ("fastapi-cache2",),
        """
from fastapi_cache import FastAPICache
from fastapi_cache.backends.inmemory import InMemoryBackend
from fastapi_cache.decorator import cache
""",
        """
FastAPICache.init(InMemoryBackend())
cached = cache(expire=60)
""",
    ),
    "cashews": (
        ("cashews",),
        "from cashews import cache",
        """
cache.setup("mem://")
cached = cache(ttl="1m")
""",
    ),
}
FRONT = (
    "from monitor import Adoption, CachedRoute, CachePolicy, Identity, MonitorSettings, TenantId\n"
    "from monitor import build_monitor, make_key"
)
PROBE = """
import sys, time
before, began = set(sys.modules), time.perf_counter()
{imports}
print((time.perf_counter() - began) * 1e3, len(set(sys.modules) - before))
"""


def own_lines() -> str:
    """Return what an adopter writes to a FastAPI app: from the adoption to the app that has it."""
    source = (ROOT / "examples" / "fastapi_app.py").read_text()
    return source[source.index("adoption = Adoption(") : source.index("\n\n\n@app.get")]


def closure(requirements, seen=None):
    """Return the names of everything that pip would install for the requirements."""
    seen = {} if seen is None else seen
    for need in map(Requirement, requirements):
        if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in ("", *need.extras)):
            continue
        found = distribution(need.name)
        if found.metadata["Name"] in seen:
            continue
        seen[found.metadata["Name"]] = found
        wanted = [
            text for text in found.requires or () if Requirement(text).marker is None or _asked(text, need)
        ]
        closure(wanted, seen)
    return seen


def _asked(text, need):
    marker = Requirement(text).marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *need.extras))


def megabytes(found):
    """Return the size of a distribution's files, without compiled ones."""
    paths = (Path(str(found.locate_file(file))) for file in found.files or () if ".pyc" not in str(file))
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def imported(imports, times):
    """Return the median time and the number of modules of an import, in fresh interpreters."""
    runs = [run(PROBE.format(imports=imports)).split() for _ in range(times)]
    return {
        "import_ms": round(statistics.median(float(taken) for taken, _ in runs), 1),
        "modules": int(runs[0][1]),
    }


def counted(lines):
    return sum(1 for line in lines.splitlines() if line.strip())


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def installed(packages, beside):
    extra = [found for name, found in packages.items() if name not in beside]
    return {
        "packages": len(packages),
        "installed_mb": round(sum(map(megabytes, packages.values())), 1),
        "mb_beside_fastapi": round(sum(map(megabytes, extra)), 1),
    }


def ours(beside, times):
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    figures = installed(closure(needs), beside)
    kit = sum(
        path.stat().st_size for path in (ROOT / "monitor").rglob("*") if path.suffix not in (".pyc", "")
    )
    for field in ("installed_mb", "mb_beside_fastapi"):
        figures[field] = round(figures[field] + kit / 1e6, 1)
    figures["packages"] += 1
    run((ROOT / "examples" / "fastapi_app.py").read_text())
    built = f"{FRONT}\nimport sys\nsys.path.insert(0, 'examples')\nimport fastapi_app"
    whole = imported(built, times)
    return {
        **imported(FRONT, times),
        "app_ms": whole["import_ms"],
        "app_modules": whole["modules"],
        "hard_dependencies": len(needs),
        **figures,
        "lines": counted(own_lines()),
    }


def rival(name, beside, times):
    needs, imports, lines = RIVALS[name]
    try:
        packages = closure(needs)
    except PackageNotFoundError as missing:
        raise SystemExit(f"{name}: {missing} is not installed: make bench makes the environment") from None
    own = f"{imports}\n{APP}\n{lines}"
    run(own)
    whole = imported(own, times)
    hard = [text for text in distribution(needs[0]).requires or () if "extra ==" not in text]
    return {
        **imported(imports, times),
        "app_ms": whole["import_ms"],
        "app_modules": whole["modules"],
        "hard_dependencies": len(hard),
        **installed(packages, beside),
        "lines": counted(lines),
    }


def main(*, quick):
    times = QUICK_TIMES if quick else TIMES
    beside = set(closure(("fastapi",)))
    figures = {"ours": ours(beside, times)}
    for name in RIVALS:
        figures[name] = rival(name, beside, times)
        print(name, figures[name], file=sys.stderr)
    print(json.dumps({**figures, "bars": BARS, "machine": machine()}))


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
