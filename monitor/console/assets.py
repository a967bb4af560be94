"""The console's style sheet, script and icon, served from the package."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from monitor.console.security import harden

_FOLDER: Final = Path(__file__).with_name("assets")
_TYPES: Final = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """One file and the version in its address."""

    content: bytes
    version: str


@cache
def asset(name: str) -> Asset:
    """Return a file of the package, read once."""
    content = (_FOLDER / name).read_bytes()
    return Asset(content, sha256(content).hexdigest()[:16])


async def show_asset(request: Request) -> Response:
    """Answer with a file; the one at its versioned address never changes."""
    name = request.path_params["name"]
    if name not in _TYPES:
        return harden(Response(status_code=404))
    found = asset(name)
    fresh = request.query_params.get("v") == found.version
    kept = "public, max-age=31536000, immutable" if fresh else "no-cache"
    headers = {"Cache-Control": kept, "ETag": f'"{found.version}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return harden(Response(status_code=304, headers=headers))
    return harden(Response(found.content, headers={**headers, "Content-Type": _TYPES[name]}))
