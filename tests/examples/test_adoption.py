"""The examples of the README run as they stand, on apps that know nothing of TaskMed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
TOKEN = {"authorization": "Bearer 7"}


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    if spec is None or spec.loader is None:
        pytest.fail(f"examples/{name}.py is gone")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "path", "route"),
    [("starlette_app", "/pets", "/pets"), ("fastapi_app", "/pets/Bello", "/pets/{pet}")],
)
def test_a_foreign_app_gets_the_whole_kit(name: str, path: str, route: str) -> None:
    """Cache, metrics by route and tenant, trace ids, health and summary come with the ten lines."""
    with TestClient(example(name).app) as client:
        first = client.get(path, headers=TOKEN)
        second = client.get(path, headers=TOKEN)
        metrics = client.get("/metrics").text
        health = client.get("/api/health").json()
        stranger = client.get(path)

    assert first.json() == second.json()
    assert first.headers["cache-status"] == "vet; fwd=miss; stored"
    assert second.headers["cache-status"].startswith("vet; hit; ttl=")
    assert f'http_route="{route}"' in metrics
    assert 'tenant_http_requests_total{tenant="7",outcome="success"} 2' in metrics
    assert 'cache_requests_total{tenant="7",domain="pets",result="hit"} 1' in metrics
    assert health["status"] == "ok"
    assert stranger.status_code == 401
    assert len(stranger.json()["trace_id"]) == 32


@pytest.mark.parametrize("odd", [b"Bearer \xff", b"Bearer seven", b"\xc3\x28", b"Bearer"])
@pytest.mark.parametrize("name", ["starlette_app", "fastapi_app"])
def test_an_odd_credential_is_refused(name: str, odd: bytes) -> None:
    """What the example's resolver cannot read is a 401, not a fault of the service."""
    with TestClient(example(name).app) as client:
        answer = client.get("/pets", headers={b"authorization": odd})

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_refusal_says_how_a_path_becomes_public() -> None:
    """FastAPI's own pages need a token like any path; the answer says where to name them."""
    with TestClient(example("fastapi_app").app) as client:
        answer = client.get("/docs")

    assert answer.status_code == 401
    assert "`public`" in answer.json()["detail"]


def test_the_readme_shows_the_example_that_runs() -> None:
    """The README's block is the end of the file, letter by letter."""
    source = (ROOT / "examples" / "starlette_app.py").read_text()
    block = source[source.index("adoption = Adoption(") :]

    assert block in (ROOT / "README.md").read_text()
