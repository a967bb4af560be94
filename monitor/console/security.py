"""What every answer of the console forbids a browser to do, and which forms are taken."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

# Nothing but the service's own files: no inline script or style, no frame, no other host.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types console"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not `no-referrer`: browsers would then send forms with the origin `null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
_LONGEST_FORM: Final = 8_192
_FORM_TYPE: Final = "application/x-www-form-urlencoded"

FormFields = dict[str, str]


def harden(response: Response) -> Response:
    """Put the console's headers on an answer; one that is set already stays."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def read_form(request: Request) -> FormFields | None:
    """Return the fields of a form that this site's own page sent; None of anything else."""
    if not _from_here(request) or request.headers.get("content-type", "").split(";")[0] != _FORM_TYPE:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return None
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=20, errors="strict", strict_parsing=True)
    except ValueError:
        return None
    return {name: values[-1].strip() for name, values in fields.items()}


def is_encrypted(request: Request) -> bool:
    """Say whether the browser speaks HTTPS, also where a proxy in between ends it."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")


def _from_here(request: Request) -> bool:
    # The browser's own word where it gives it (only over HTTPS or to this machine): a proxy may change
    # the host that the origin would be compared with.
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
