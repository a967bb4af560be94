"""Who gets in: operators, through the form, for a while."""

from __future__ import annotations

import pytest
from httpx2 import Response as Answer

from monitor.testing.fakes import ManualClock
from tests.monitor.console.service import Operator, Service, proof_in, running

PAGES = [
    "/console",
    "/console/tenants",
    "/console/tenants/1",
    "/console/cache",
    "/console/alerts",
    "/console/traces",
]


def cookie_of(answer: Answer, name: str = "monitor_console") -> str:
    found = [value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{name}=")]
    return found[0] if found else ""


@pytest.mark.parametrize("page", PAGES)
async def test_a_stranger_is_sent_to_the_sign_in(service: Service, page: str) -> None:
    """And comes back to the page that was asked for."""
    async with service.browser() as browser:
        answer = await browser.get(f"{page}?x=1")
        assert answer.status_code == 303
        operator = Operator(browser)
        onward = await operator.sign_in("op-secret", answer.headers["location"])
        assert onward.headers["location"] == f"{page}?x=1"
        assert (await operator.get(onward.headers["location"])).status_code == 200


async def test_a_bearer_token_alone_opens_no_page(service: Service) -> None:
    """A form can be proved to be the operator's own only where a session stands behind it."""
    async with service.browser() as browser:
        answer = await browser.get("/console", headers={"authorization": "Bearer op-secret"})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("token", "said"),
    [("staff-1", "not an operator"), ("nonsense", "not valid"), ("", "not valid")],
)
async def test_a_wrong_token_gets_a_reason_and_no_cookie(service: Service, token: str, said: str) -> None:
    """The page says what is wrong, never what was typed."""
    async with service.browser() as browser:
        answer = await Operator(browser).sign_in(token)
    assert answer.status_code == 401
    assert said in answer.text
    assert "nonsense" not in answer.text
    assert not cookie_of(answer)


async def test_the_cookie_is_kept_from_scripts_and_other_sites(service: Service) -> None:
    """HttpOnly, SameSite=Strict, for the console's paths only, for half an hour."""
    async with service.browser() as browser:
        cookie = cookie_of(await Operator(browser).sign_in("op-secret")).lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/console" in cookie
    assert "max-age=1800" in cookie or "max-age=1799" in cookie
    assert "; secure" not in cookie


async def test_on_https_the_cookie_is_secure(service: Service) -> None:
    """Over TLS, also one that a proxy ends: the browser names its origin."""
    async with service.browser("https") as browser:
        assert "; secure" in cookie_of(await Operator(browser).sign_in("op-secret")).lower()
    async with service.browser() as browser:
        proxied = await Operator(browser).sign_in("op-secret", origin="https://clinic.test")
        assert "; secure" in cookie_of(proxied).lower()


async def test_a_renewed_cookie_is_as_secure_as_the_first() -> None:
    """Behind a proxy that ends TLS a page's request names no origin: the session remembers."""
    clock = ManualClock()
    async with running(clock) as service, service.browser() as browser:
        operator = Operator(browser)
        first = cookie_of(await operator.sign_in("op-secret", origin="https://clinic.test"))
        clock.advance(1_000)
        pair = first.partition(";")[0]
        renewed = cookie_of(await browser.get("/console", headers={"cookie": pair})).lower()

    assert "; secure" in renewed
    assert "max-age=1" in renewed


async def test_a_copy_of_the_cookie_is_worth_nothing_after_the_sign_out(service: Service) -> None:
    """The session itself ends, not its cookie in one browser."""
    async with service.browser() as browser:
        operator = Operator(browser)
        copy = cookie_of(await operator.sign_in("op-secret")).partition(";")[0]
        await operator.send("/console", "/console/sign-out")
    async with service.browser() as thief:
        answer = await thief.get("/console", headers={"cookie": copy})
        events = await thief.get("/console/events?view=overview", headers={"cookie": copy})

    assert (answer.status_code, events.status_code) == (303, 401)


async def test_a_sign_in_needs_the_form_that_was_shown(service: Service) -> None:
    """Another site cannot sign somebody in, with its own token or at all."""
    async with service.browser() as browser:
        operator = Operator(browser)
        fields = {"token": "op-secret", "form_token": "0" * 64}
        assert (await operator.post("/console/sign-in", fields)).status_code == 403
        proof = proof_in((await operator.get("/console/sign-in")).text)
        crossed = await operator.post(
            "/console/sign-in", {"token": "op-secret", "form_token": proof}, origin="http://elsewhere.example"
        )
        assert crossed.status_code == 403
        assert not cookie_of(crossed)


async def test_signing_out_ends_it(operator: Operator) -> None:
    """The cookie is gone, and the next page asks for a token again."""
    answer = await operator.send("/console", "/console/sign-out")
    assert answer.status_code == 303
    assert "max-age=0" in cookie_of(answer).lower()
    assert (await operator.get("/console")).status_code == 303


async def test_who_is_signed_in_skips_the_form(operator: Operator) -> None:
    """The sign-in page leads on."""
    answer = await operator.get("/console/sign-in?onward=/console/cache")
    assert answer.headers["location"] == "/console/cache"


async def test_a_session_ends_with_its_token(service: Service, operator: Operator) -> None:
    """A token that is withdrawn opens no further page, stream or form."""
    del service.tokens.known["op-secret"]
    assert (await operator.get("/console")).status_code == 303
    assert (await operator.get("/console/events?view=overview")).status_code == 401
    assert (await operator.post("/console/cache/switch", {"enabled": "no"})).status_code == 303


async def test_a_session_in_use_is_renewed() -> None:
    """In its second half a page sets the cookie anew; before that none does."""
    clock = ManualClock()
    async with running(clock) as service, service.operator() as operator:
        assert not cookie_of(await operator.get("/console/traces"))
        clock.advance(1_000)
        assert "max-age=1800" in cookie_of(await operator.get("/console/traces")).lower()


@pytest.mark.parametrize("path", ["/console/sign-out", "/console/cache/switch", "/console/cache/rollout"])
async def test_every_form_needs_its_proof(operator: Operator, path: str) -> None:
    """A form without the visit's proof, or with another's, is refused."""
    assert (await operator.post(path, {"enabled": "no"})).status_code == 403
    assert (await operator.post(path, {"enabled": "no", "form_token": "0" * 64})).status_code == 403
    assert (await operator.get("/console")).status_code == 200
