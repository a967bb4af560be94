"""The builder escapes whatever is not HTML already."""

from __future__ import annotations

from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from monitor.console import html as h
from monitor.console.html import tag


@given(st.text())
def test_text_is_never_markup(text: str) -> None:
    """Whatever text is put into an element or an attribute comes out as that text."""
    written = tag("p", text, title=text)
    body = written.removeprefix("<p title=").removesuffix("</p>")
    assert body.count("<") == 0
    assert body.count(">") == 1
    value, content = body[1:].split('">', 1)
    assert unescape(value) == text
    assert unescape(content) == text


def test_markup_nests_unchanged() -> None:
    """What an element function returned is put into another as it is."""
    assert h.p("a < ", h.code("b")) == "<p>a &lt; <code>b</code></p>"
    assert isinstance(h.p("x"), Markup)


def test_attributes_follow_html() -> None:
    """True writes the bare name, False and None nothing; underscores become dashes."""
    written = h.input_(type="text", required=True, disabled=False, value=None, aria_label="x", for_="y")
    assert written == '<input type="text" required aria-label="x" for="y">'


def test_svg_keeps_its_capitals_and_closes() -> None:
    """SVG is XML in HTML: names with capitals keep them, empty elements close themselves."""
    assert tag("svg", tag("rect", x=1), viewbox="0 0 1 1") == '<svg viewBox="0 0 1 1"><rect x="1"/></svg>'
    assert tag("rect", tag("title", "t")) == "<rect><title>t</title></rect>"


def test_nothing_is_left_out() -> None:
    """A part that is None writes nothing, so that parts may be optional."""
    assert h.markup("a", None, 1, 2.5) == "a12.5"
