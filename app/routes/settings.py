"""Routes of the clinic's settings: one document, which only admins change."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.keys import CacheKeys
from app.problems import NotFound
from app.routes import parsing, rendering
from app.routes.access import ADMINS
from app.routes.planning import of_document
from app.routes.table import IfMatch, Operation, Resource
from app.schemas.settings import Settings, SettingsChange, SettingsContent
from app.services.settings import version_of


async def read_settings(request: Request) -> Response:
    """Read the clinic's settings."""
    settings = await parsing.services_of(request).settings.get()
    return rendering.entity(settings, version_of(settings))


async def replace_settings(request: Request) -> Response:
    """Write all settings anew, as an admin."""
    version = parsing.required_version(request)
    content = await parsing.body(request, SettingsContent)
    settings = await parsing.services_of(request).settings.replace(content, version)
    return rendering.entity(settings, version_of(settings))


async def change_settings(request: Request) -> Response:
    """Change some settings, as an admin."""
    version = parsing.required_version(request)
    change = await parsing.body(request, SettingsChange)
    settings = await parsing.services_of(request).settings.change(change, version)
    return rendering.entity(settings, version_of(settings))


RESOURCES = (
    Resource(
        "/api/settings",
        "Settings",
        (
            Operation("GET", read_settings, answer=Settings, problems=(NotFound,)),
            Operation(
                "PUT",
                replace_settings,
                body=SettingsContent,
                answer=Settings,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound,),
                roles=ADMINS,
            ),
            Operation(
                "PATCH",
                change_settings,
                body=SettingsChange,
                answer=Settings,
                if_match=IfMatch.REQUIRED,
                problems=(NotFound,),
                roles=ADMINS,
            ),
        ),
        of_document(CacheKeys.settings.current),
    ),
)
