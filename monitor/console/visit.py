"""Who may see the console: sign-in, sign-out, and the cookie in between."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.clock import Clock
from monitor.console.ended_sessions import EndedSessions
from monitor.console.links import Links
from monitor.console.page_frame import Frame
from monitor.console.security import FormFields, harden, is_encrypted, read_form
from monitor.console.session import Session, Sessions
from monitor.console.sign_in_page import sign_in_page
from monitor.errors import AuthenticationError
from monitor.tenancy.naming import TenantNaming

COOKIE: Final = "monitor_console"
FORM_COOKIE: Final = "monitor_console_form"
_FORM_S: Final = 3_600
_SEE_OTHER, _FORBIDDEN, _UNAUTHORIZED = 303, 403, 401
_log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


class Visits:
    """Lets operators in, and nobody else.

    Attributes:
        naming: What the service calls its tenants.

    Args:
        sessions: Opens the cookies.
        ended: Knows which sessions were ended before their time.
        clock: Where the time is taken from.
        service: The service's name, for the sign-in page.
    """

    def __init__(
        self, sessions: Sessions, ended: EndedSessions, clock: Clock, service: str, naming: TenantNaming
    ) -> None:
        self.naming = naming
        self._sessions = sessions
        self._ended = ended
        self._clock = clock
        self._service = service

    def links(self, request: Request) -> Links:
        """Return the console's addresses as the asking browser must spell them."""
        return Links.of(request, self.naming)

    async def session(self, request: Request) -> Session | None:
        """Return the session of the request's cookie, if it is worth anything."""
        session = self._sessions.open(request.cookies.get(COOKIE))
        if session is None or await self._ended.has(session.visit, session.sealed_at):
            return None
        return session

    def frame(self, request: Request, session: Session) -> Frame:
        """Return the frame of a page for the signed-in operator."""
        token = self._sessions.form_token(session.visit)
        return Frame(self.links(request), self._service, session.identity.user, token)

    def page(self, show: Callable[[Request, Session], Awaitable[Response]]) -> Handler:
        """Return the handler of a page that only a signed-in operator sees."""

        async def handler(request: Request) -> Response:
            session = await self.session(request)
            if session is None:
                return self._send_to_sign_in(request)
            response = await show(request, session)
            self._renew(request, response, session)
            return harden(response)

        return handler

    def action(self, act: Callable[[Request, Session, FormFields], Awaitable[Response]]) -> Handler:
        """Return the handler of a form that only a signed-in operator's own page may send."""

        async def handler(request: Request) -> Response:
            session = await self.session(request)
            if session is None:
                return self._send_to_sign_in(request)
            fields = await read_form(request)
            if fields is None or not self._sessions.is_form_token(
                session.visit, fields.get("form_token", "")
            ):
                return harden(Response("This form did not come from the console.", _FORBIDDEN))
            return harden(await act(request, session, fields))

        return handler

    async def show_sign_in(self, request: Request) -> Response:
        """Show the form; who is signed in goes on."""
        links = self.links(request)
        onward = links.back(request.query_params.get("onward", ""))
        if await self.session(request) is not None:
            return harden(RedirectResponse(onward, _SEE_OTHER))
        return self._ask(request, onward)

    async def sign_in(self, request: Request) -> Response:
        """Take the form."""
        fields = await read_form(request)
        visit = request.cookies.get(FORM_COOKIE, "")
        links = self.links(request)
        if not fields or not visit or not self._sessions.is_form_token(visit, fields.get("form_token", "")):
            return self._ask(request, links.home, "form", _FORBIDDEN)
        onward = links.back(fields.get("onward", ""))
        try:
            session = self._sessions.begin(fields.get("token", ""), encrypted=is_encrypted(request))
        except AuthenticationError as refused:
            _log.warning("console_sign_in_refused", reason=refused.reason)
            return self._ask(request, onward, refused.reason, _UNAUTHORIZED)
        _log.info("console_signed_in", role=session.identity.role)
        response = RedirectResponse(onward, _SEE_OTHER)
        self._set_session(request, response, session)
        response.delete_cookie(FORM_COOKIE, path=links.home)
        return harden(response)

    async def sign_out(self, request: Request, session: Session, _fields: FormFields) -> Response:
        """End the session, also for whoever kept a copy of its cookie, on every worker."""
        await self._ended.end(session.visit, self._sessions.last_end(session))
        links = self.links(request)
        response = RedirectResponse(links.to("sign-in"), _SEE_OTHER)
        response.delete_cookie(COOKIE, path=links.home)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def _ask(self, request: Request, onward: str, reason: str = "", status: int = 200) -> Response:
        visit = secrets.token_urlsafe(16)
        frame = Frame(self.links(request), self._service, form_token=self._sessions.form_token(visit))
        response = Response(sign_in_page(frame, onward, reason), status, media_type="text/html")
        self._set(request, response, FORM_COOKIE, visit, _FORM_S, secure=is_encrypted(request))
        return harden(response)

    def _send_to_sign_in(self, request: Request) -> Response:
        links = self.links(request)
        path = quote(f"{links.root}{request.scope['path'].removeprefix(links.root)}")
        query = request.scope["query_string"].decode("latin-1")
        onward = f"{path}?{query}" if query else path
        asked = onward if request.method in ("GET", "HEAD") and onward != links.home else None
        return harden(RedirectResponse(links.to("sign-in", onward=asked), _SEE_OTHER))

    def _renew(self, request: Request, response: Response, session: Session) -> None:
        renewed = self._sessions.renewed(session)
        if renewed is not None:
            self._set_session(request, response, renewed)

    def _set_session(self, request: Request, response: Response, session: Session) -> None:
        # A GET names no origin: what the sign-in knew of a proxy's TLS is kept in the session.
        sealed, secure = self._sessions.seal(session), session.encrypted or is_encrypted(request)
        self._set(request, response, COOKIE, sealed, self._left(session), secure=secure)

    def _left(self, session: Session) -> int:
        return max(1, int(session.ends - self._clock.time()))

    def _set(
        self, request: Request, response: Response, name: str, value: str, seconds: int, *, secure: bool
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=self.links(request).home,
            secure=secure,
            httponly=True,
            samesite="strict",
        )
