"""The kit and the clinic, built and installed as their users get them, away from the checkout."""

from __future__ import annotations

import re
import subprocess
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

import monitor
from app.loopback import free_port
from tests.binaries import ROOT
from tests.conditions import until
from tests.deploy.bare_environment import attempt, build, install, run

pytestmark = pytest.mark.xdist_group("distributions")

EXTRAS = ("redis", "database", "otlp", "console", "definitions", "service")
# A service of its own: operators sign in with the word `root`, tenants with their number.
SERVICE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from monitor import Adoption, AuthenticationError, CachedRoute, CachePolicy, Identity
from monitor import MonitorSettings, TenantId, build_monitor, make_key

class Tokens:
    def resolve(self, authorization):
        word = authorization.decode().removeprefix("Bearer ")
        if word == "root":
            return Identity(None, user="o-1", role="operator", operator=True)
        if not word.isdigit():
            raise AuthenticationError("malformed")
        return Identity(TenantId(word), user="u-1", role="staff")

async def pets(request):
    return JSONResponse(["Bello"])

adoption = Adoption(
    resolver=Tokens(),
    policies=[CachePolicy("pets", ttl_s=60)],
    cached=[CachedRoute("/pets", lambda tenant, path, query: make_key(tenant, "pets", "list"))],
)
kit = build_monitor(MonitorSettings(service="vet"), adoption)
routes = [Route("/pets", pets), *kit.routes()]
app = Starlette(routes=routes, middleware=kit.middleware(), lifespan=kit.lifespan)
"""
# One request by hand: an environment with the kit's own needs alone has neither server nor client.
ASK = """
import asyncio, sys
from service import app

async def ask(path, token):
    sent = []
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
             "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
             "headers": [(b"authorization", token)], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    asked = [{"type": "http.request", "body": b"", "more_body": False}]
    async def receive():
        return asked.pop() if asked else await asyncio.Event().wait()
    async def send(message):
        sent.append(message)
    await app(scope, receive, send)
    headers = dict(sent[0]["headers"])
    body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    return sent[0]["status"], headers.get(b"cache-status", b"").decode(), body

async def main():
    async with app.router.lifespan_context(app):
        for path in ("/pets", "/pets", "/api/health/live", "/metrics", "/console"):
            status, cached, body = await ask(path, b"Bearer 7")
            first = (body.splitlines() or [""])[0]
            print(path, status, cached, first, sep="|", file=sys.stderr)

asyncio.run(main())
"""
MISSING = {
    "redis": "MonitorSettings(cache=CacheSettings(url='redis://127.0.0.1:1')), Adoption(resolver=None)",
    "database": "MonitorSettings(), Adoption(resolver=None, database_url='sqlite+aiosqlite:///x.db')",
    "otlp": "MonitorSettings(otlp_endpoint='http://127.0.0.1:1'), Adoption(resolver=None)",
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the wheels, each built from its sdist."""
    return build(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the `bin` of an environment with the kit and its hard needs."""
    return install(tmp_path_factory.mktemp("alone") / "env", wheels["monitor"])


@pytest.fixture(scope="module")
def whole(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the `bin` of an environment with the clinic and the kit with all that it uses."""
    folder = tmp_path_factory.mktemp("whole") / "env"
    return install(folder, wheels["monitor"], wheels["app"], extras=EXTRAS)


@contextmanager
def served(whole: Path, folder: Path) -> Iterator[str]:
    """Serve SERVICE by uvicorn from the environment; yield its address."""
    (folder / "service.py").write_text(SERVICE)
    port = free_port()
    command = [
        str(whole / "python"),
        "-m",
        "uvicorn",
        "service:app",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    with subprocess.Popen(command, cwd=folder, env={}, stdout=subprocess.DEVNULL) as server:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def test_each_wheel_holds_its_own_package_whole_and_no_other(wheels: dict[str, Path]) -> None:
    """Sources, templates, styles, pictures and `py.typed` are in; the clinic is never in the kit's."""
    for package, wheel in wheels.items():
        packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
        here = {
            str(path.relative_to(ROOT))
            for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix != ".pyc" and path.parent.name != "__pycache__"
        }
        packaging = {
            f"app/{name}" for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "requirements.txt")
        }

        assert packed == here - packaging
        assert f"{package}/py.typed" in packed


def test_both_have_the_kits_version_and_the_clinic_asks_for_that_one(wheels: dict[str, Path]) -> None:
    """One version stands in one place; the clinic is bound to the kit that it was released with."""
    for wheel in wheels.values():
        assert wheel.name.split("-")[1] == monitor.__version__
    archive = zipfile.ZipFile(wheels["app"])
    metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))

    assert re.search(
        rf"^Requires-Dist: tenant-monitor\[.+\]=={re.escape(monitor.__version__)}$", metadata, re.MULTILINE
    )


def test_the_kit_alone_serves_a_service(alone: Path, tmp_path: Path) -> None:
    """Five packages and what they need bring cache, metrics and health; the console says what it wants."""
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "ask.py").write_text(ASK)
    done = attempt([str(alone / "python"), "ask.py"], tmp_path)
    told = [line.split("|") for line in done.stderr.splitlines() if line.startswith("/")]

    assert [line[:2] for line in told] == [
        ["/pets", "200"],
        ["/pets", "200"],
        ["/api/health/live", "200"],
        ["/metrics", "200"],
        ["/console", "501"],
    ], done.stderr
    assert told[0][2] == "vet; fwd=miss; stored"
    assert told[1][2].startswith("vet; hit")
    assert told[4][3].endswith("pip install 'tenant-monitor[console]'")


@pytest.mark.parametrize("extra", MISSING)
def test_a_setting_whose_extra_is_missing_says_which(extra: str, alone: Path, tmp_path: Path) -> None:
    """Redis, a database or a receiver of spans that is named but not installed is a ConfigurationError."""
    program = (
        "from monitor import Adoption, CacheSettings, ConfigurationError, MonitorSettings, build_monitor\n"
        f"try:\n    build_monitor({MISSING[extra]})\nexcept ConfigurationError as error:\n    print(error)"
    )
    said = run([str(alone / "python"), "-c", program], tmp_path)

    assert said.strip().endswith(f"pip install 'tenant-monitor[{extra}]'")


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("-m", "monitor.definitions", "--out", "x"), "definitions"),
        (("-m", "monitor", "migrate", "--database-url", "sqlite+aiosqlite:///x.db"), "database"),
    ],
)
def test_a_command_whose_extra_is_missing_says_which(
    command: tuple[str, ...], extra: str, alone: Path, tmp_path: Path
) -> None:
    """One line on the error stream and a code, no traceback."""
    done = attempt([str(alone / "python"), *command], tmp_path)

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().endswith(f"pip install 'tenant-monitor[{extra}]'")


def test_importing_the_front_loads_few_modules_and_no_library_of_an_extra(
    whole: Path, tmp_path: Path
) -> None:
    """The names of the ten lines cost under 250 modules; building without a database loads none of one."""
    unused = (
        "sqlalchemy",
        "redis",
        "cryptography",
        "opentelemetry.sdk",
        "yaml",
        "urllib3",
        "asyncpg",
        "alembic",
    )
    program = (
        "import sys; before = set(sys.modules)\n"
        "from monitor import Adoption, CachedRoute, CachePolicy, Identity, MonitorSettings, TenantId\n"
        "from monitor import build_monitor\n"
        "front = set(sys.modules) - before\n"
        "build_monitor(MonitorSettings(), Adoption(resolver=None))\n"
        f"print(len(front), *(name for name in {unused!r} if name in sys.modules))"
    )
    number, *loaded = run([str(whole / "python"), "-c", program], tmp_path).splitlines()[-1].split()

    assert int(number) < 250
    assert loaded == []


async def test_every_page_of_the_console_opens_from_the_wheel(whole: Path, tmp_path: Path) -> None:
    """Styles, scripts, the icon and every page answer an operator."""
    with served(whole, tmp_path) as address:
        async with httpx2.AsyncClient(base_url=address, follow_redirects=True) as browser:

            async def stands() -> bool:
                try:
                    return (await browser.get("/api/health/live")).status_code == 200
                except httpx2.TransportError:
                    return False

            await until(stands, 60.0)
            page = (await browser.get("/console/sign-in")).text
            hidden = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
            signed = await browser.post(
                "/console/sign-in", data={**hidden, "token": "root"}, headers={"Origin": address}
            )
            assert signed.status_code == 200, signed.text
            for path in ("", "/tenants", "/tenants/7", "/cache", "/alerts", "/traces"):
                assert (await browser.get(f"/console{path}")).status_code == 200, path
            for name in ("console.css", "console.js", "icon.svg"):
                assert (await browser.get(f"/console/assets/{name}")).status_code == 200, name


def test_every_command_has_its_help_and_works(whole: Path, tmp_path: Path) -> None:
    """`--help` of each command, and a real call of those that need no service."""
    taskmed = str(whole / "taskmed")
    listed = run([taskmed, "--help"], tmp_path, COLUMNS="200", NO_COLOR="1")
    commands = re.findall(r"^│ ([a-z]+) +\S", listed.split("Commands", 1)[1], re.MULTILINE)
    url = f"sqlite+aiosqlite:///{tmp_path / 'clinic.db'}"

    assert {"serve", "run", "migrate", "demo", "token", "load", "top", "drill", "cache"} <= set(commands)
    for command in commands:
        assert "Usage" in run([taskmed, command, "--help"], tmp_path)
    assert run([taskmed, "--version"], tmp_path).strip() == monitor.__version__
    keys = "k1:" + b64encode(bytes(range(32))).decode()
    given = {"DATABASE_URL": url, "TASKMED_TOKEN_KEYS": keys}
    run([taskmed, "migrate"], tmp_path, **given)
    assert run([taskmed, "token", "--clinic", "1"], tmp_path, **given).count(".") == 2
    assert "usage" in run([str(whole / "monitor"), "--help"], tmp_path)
    assert run([str(whole / "monitor"), "--version"], tmp_path).strip() == monitor.__version__
    run(
        [str(whole / "monitor"), "migrate", "--database-url", f"sqlite+aiosqlite:///{tmp_path / 'kit.db'}"],
        tmp_path,
    )
    run([str(whole / "python"), "-m", "monitor.definitions", "--out", "written"], tmp_path)
    assert list((tmp_path / "written" / "dashboards").glob("*.json"))
