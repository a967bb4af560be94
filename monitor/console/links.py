"""The console's own addresses, under whatever prefix the service is mounted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request

from monitor.tenancy.naming import TenantNaming

PREFIX: Final = "/console"
# An address as a browser writes it: printable ASCII without what it drops, turns around or quotes.
_PLAIN: Final = re.compile(r"[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*")


def is_console_path(path: str) -> bool:
    """Say whether a path is the console's; it asks for a sign-in of its own."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def tenant_paths(naming: TenantNaming) -> tuple[str, str]:
    """Return the templates of the tenants' page and of one tenant's, below the prefix."""
    return f"/{naming.plural}", f"/{naming.plural}/{{{naming.singular}}}"


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of pages.

    Attributes:
        root: What stands before `/console`.
        naming: What the service calls its tenants; the path to them is named after it.
    """

    root: str = ""
    naming: TenantNaming = field(default_factory=TenantNaming)

    @classmethod
    def of(cls, request: Request, naming: TenantNaming) -> Links:
        """Return the addresses as the asking browser must spell them."""
        root = str(request.scope.get("root_path", "")).rstrip("/")
        # Two slashes in front would name a host.
        return cls(root if _PLAIN.fullmatch(root) and not root.startswith("//") else "", naming)

    @property
    def home(self) -> str:
        return f"{self.root}{PREFIX}"

    def to(self, *parts: str | int, **query: str | int | None) -> str:
        """Return the address of a page, such as `to("traces", trace_id)`."""
        path = "/".join((self.home, *(quote(str(part), safe="") for part in parts)))
        given = {key: str(value) for key, value in query.items() if value not in (None, "")}
        return f"{path}?{urlencode(given)}" if given else path

    def tenants(self, *tenant: str | int, **query: str | int | None) -> str:
        """Return the address of the tenants' page, or of one tenant's."""
        return self.to(self.naming.plural, *tenant, **query)

    def narrowed(self, page: str, tenant: str | int | None, **query: str | None) -> str:
        """Return the address of a page that begins with one tenant chosen; None: with none."""
        return self.to(page, **{self.naming.singular: tenant}, **query)

    def back(self, wanted: str) -> str:
        """Return where to go after the sign-in: a page of the console, whatever was asked for."""
        inside = wanted.startswith((f"{self.home}/", f"{self.home}?"))
        return wanted if inside and _PLAIN.fullmatch(wanted) and not _climbs(wanted) else self.home


def _climbs(address: str) -> bool:
    # Browsers take dots for steps also where they are percent-encoded, and some unpack twice.
    path, seen = address.partition("?")[0], ""
    while path != seen:
        path, seen = unquote(path), path
    return "\\" in path or not {".", ".."}.isdisjoint(path.split("/"))
