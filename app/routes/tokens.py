"""Routes of the tokens: admins withdraw those of their clinic, operators anybody's."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.problems import Forbidden
from app.routes import parsing, rendering
from app.routes.access import STEERING, identity_of
from app.routes.table import Operation, Resource
from app.schemas.tokens import Revocation, RevocationContent
from app.standing.book import OrderKind


async def revoke_tokens(request: Request) -> Response:
    """Withdraw one token or all of a user, in every worker, as an admin or an operator."""
    identity = identity_of(request)
    content = await parsing.body(request, RevocationContent)
    clinic = content.clinic_id if identity.operator else identity.tenant
    if content.clinic_id is not None and content.clinic_id != clinic:
        raise Forbidden("An admin withdraws tokens of the own clinic.")
    kind = OrderKind.USER if content.token_id is None else OrderKind.TOKEN
    reach = await parsing.services_of(request).standing.order(
        kind,
        subject=content.token_id or content.user or "",
        clinic=clinic,
        lasts_s=request.app.state.longest_token_s,
    )
    return rendering.json(Revocation(reached=reach.reached, missing=reach.missing))


RESOURCES = (
    Resource(
        "/api/tokens/revocations",
        "Tokens",
        (
            Operation(
                "POST",
                revoke_tokens,
                body=RevocationContent,
                answer=Revocation,
                roles=STEERING,
            ),
        ),
    ),
)
