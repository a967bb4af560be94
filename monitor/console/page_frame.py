"""What all pages share: the head, the navigation, the frame around what changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from monitor.console import html as h
from monitor.console.assets import asset
from monitor.console.html import Child
from monitor.console.links import Links
from monitor.tenancy.naming import TenantNaming


def _pages(naming: TenantNaming) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("Overview", ()),
        (naming.headings, (naming.plural,)),
        ("Cache", ("cache",)),
        ("Traces", ("traces",)),
        ("Alerts", ("alerts",)),
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page stands in.

    Attributes:
        links: The console's addresses.
        service: The service's name.
        user: Who is signed in; empty on the sign-in page.
        form_token: What every form of the page carries.
    """

    links: Links
    service: str
    user: str = ""
    form_token: str = ""

    def page(self, title: str, *content: Child, current: str = "", view: str = "") -> bytes:
        """Return a whole page.

        Args:
            title: The page's heading.
            content: What stands in the main part.
            current: The entry of the navigation that it belongs to.
            view: The name of the view that is kept up to date; empty for none.
        """
        events = self.links.to("events", view=view) if view else None
        main = h.main(
            h.div(h.h1(title), _follow() if view else None, class_="title"),
            *content,
            id="content",
            tabindex=-1,
            data_events=events,
        )
        body = h.tag(
            "body",
            h.a("Skip to the content", href="#content", class_="skip"),
            self._header(current),
            main,
        )
        document = h.tag("html", self._head(title), body, lang="en")
        return f"<!doctype html>\n{document}\n".encode()

    def form(self, action: str, *content: Child, **attributes: str) -> Markup:
        """Return a form that is sent by POST and proves that this page made it."""
        proof = h.input_(type="hidden", name="form_token", value=self.form_token)
        return h.form(proof, *content, method="post", action=action, **attributes)

    def _head(self, title: str) -> Markup:
        links = self.links
        return h.tag(
            "head",
            h.tag("meta", charset="utf-8"),
            h.tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            h.tag("meta", name="color-scheme", content="light dark"),
            h.tag("title", f"{title} · {self.service}"),
            h.tag("link", rel="stylesheet", href=_versioned(links, "console.css")),
            h.tag("link", rel="icon", type="image/svg+xml", href=_versioned(links, "icon.svg")),
            h.tag("script", src=_versioned(links, "console.js"), defer=True),
        )

    def _header(self, current: str) -> Markup:
        name = h.p(h.a(self.service, href=self.links.home), h.span(" console"), class_="name")
        if not self.user:
            return h.header(name)
        entries = [
            h.li(h.a(text, href=self.links.to(*parts), aria_current="page" if text == current else None))
            for text, parts in _pages(self.links.naming)
        ]
        leave = self.form(
            self.links.to("sign-out"),
            h.span(self.user, class_="user", title="Signed in"),
            h.button("Sign out", type="submit"),
            class_="leave",
        )
        return h.header(name, h.nav(h.ul(*entries), aria_label="Pages"), leave)


def live(*content: Child) -> Markup:
    """Return the part of a page that is replaced when the service changes."""
    return h.div(*content, id="live")


def card(title: str, *content: Child, kind: str = "") -> Markup:
    """Return a titled part of a page."""
    return h.section(h.h2(title), *content, class_=f"card {kind}".strip())


def tiles(*entries: tuple[str, str, str, bool]) -> Markup:
    """Return numbers with their names: name, value, note, and whether it breaks its objective."""
    return h.dl(
        *(
            h.div(
                h.dt(name),
                h.dd(value, h.span(" broken", class_="hidden") if broken else None, class_="number"),
                h.dd(note, class_="note"),
                class_="tile broken" if broken else "tile",
            )
            for name, value, note, broken in entries
        ),
        class_="tiles",
    )


def grid(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Child]],
    empty: str = "Nothing yet.",
    narrow: Sequence[int] = (),
) -> Markup:
    """Return a table; the first cell of each row is its heading.

    Args:
        title: What the table holds; its caption, for those who cannot see where it stands.
        heads: The columns' headings.
        rows: Cells by column.
        empty: What to say where there are no rows.
        narrow: Columns that a phone has no room for.
    """

    def kind(at: int) -> str | None:
        return "spare" if at in narrow else None

    written = [
        h.tr(
            h.th(row[0], scope="row"),
            *(h.td(cell, class_=kind(at)) for at, cell in enumerate(row) if at),
        )
        for row in rows
    ]
    if not written:
        return h.p(empty, class_="empty")
    head = h.tr(*(h.th(text, scope="col", class_=kind(at)) for at, text in enumerate(heads)))
    return h.div(
        h.table(h.caption(title, class_="hidden"), h.thead(head), h.tbody(*written)),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=title,
    )


def badge(word: str, kind: str) -> Markup:
    """Return a state as a word with a mark, so that it does not hang on colour alone."""
    mark = {"good": "✓", "bad": "✕", "warn": "!", "plain": "·"}[kind]
    return h.span(h.span(mark, aria_hidden="true"), f" {word}", class_=f"badge {kind}")


def at(words: str, machine: str) -> Markup:
    """Return a moment."""
    return h.time(words, datetime=machine)


def _follow() -> Markup:
    # Shown by the script alone: without it nothing moves and there is nothing to pause.
    return h.div(
        h.span("Live", id="connection", role="status"),
        h.button("Pause", type="button", id="pause", aria_pressed="false"),
        class_="follow",
        hidden=True,
        id="follow",
    )


def _versioned(links: Links, name: str) -> str:
    return links.to("assets", name, v=asset(name).version)
