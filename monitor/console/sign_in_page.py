"""The page that asks an operator for a token."""

from __future__ import annotations

from typing import Final

from monitor.console import html as h
from monitor.console.page_frame import Frame, badge

_REASONS: Final = {
    "expired": "This token has expired. Ask for a new one.",
    "not_operator": "This token is not an operator's. The console is for operators.",
    "not_yet_valid": "This token is not valid yet.",
    "form": "The form was too old or came from elsewhere. Please try again.",
}
_OTHER: Final = "This token is not valid. Check that all of it was copied."


def sign_in_page(frame: Frame, onward: str, reason: str = "") -> bytes:
    """Return the page.

    Args:
        frame: The page's frame.
        onward: Where to go afterwards.
        reason: Why the last try failed, as the resolver says it; empty for the first.
    """
    problem = _REASONS.get(reason, _OTHER) if reason else ""
    return frame.page(
        "Sign in",
        frame.form(
            frame.links.to("sign-in"),
            h.input_(type="hidden", name="onward", value=onward),
            h.p(badge(problem, "bad"), role="alert", id="problem") if problem else None,
            h.label("Operator token", for_="token"),
            h.input_(
                id="token",
                name="token",
                type="password",
                required=True,
                autofocus=True,
                autocomplete="off",
                spellcheck="false",
                aria_describedby="help problem" if problem else "help",
                aria_invalid="true" if problem else None,
            ),
            h.p("A token with the role operator, as it is sent to the API.", id="help", class_="note"),
            h.button("Sign in", type="submit", class_="main"),
            class_="card sign-in",
        ),
    )
