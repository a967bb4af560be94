"""HTML and SVG written by functions: text is escaped unless it is `Markup` already."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

VOID: Final = frozenset({"br", "input", "link", "meta", "rect", "line", "path", "polyline"})


class Markup(str):
    """Text that is HTML already; only this file and `markup` make it."""

    __slots__ = ()


Child = str | int | float | None
Attribute = str | int | float | bool | None


def markup(*parts: Child) -> Markup:
    """Join parts; whatever is no `Markup` is escaped, None is left out."""
    return Markup("".join(part if isinstance(part, Markup) else _text(part) for part in parts))


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """Write one element.

    Args:
        name: The element's name.
        children: Its content; anything but `Markup` is escaped.
        attributes: A trailing underscore is dropped (`class_`), others become dashes; True
            writes the bare name, False and None leave the attribute out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID and not children:
        return Markup(f"<{name}{written}>" if name in _HTML_VOID else f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{markup(*children)}</{name}>")


def element(name: str) -> Callable[..., Markup]:
    """Return the function that writes elements of one name."""

    def write(*children: Child, **attributes: Attribute) -> Markup:
        return tag(name, *children, **attributes)

    return write


_HTML_VOID: Final = frozenset({"br", "input", "link", "meta"})
# In SVG these words keep their capitals.
_CAPITALS: Final = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}


def _text(part: Child) -> str:
    return "" if part is None else escape(str(part))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    name = _CAPITALS.get(name, name)
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


a, abbr, button, caption, code, dd, details, div, dl, dt = map(
    element, ("a", "abbr", "button", "caption", "code", "dd", "details", "div", "dl", "dt")
)
fieldset, footer, form, h1, h2, h3, header, input_, label, legend, li, main = map(
    element,
    (
        "fieldset",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "header",
        "input",
        "label",
        "legend",
        "li",
        "main",
    ),
)
nav, option, p, section, select, span, strong, summary, table, tbody, td, th = map(
    element,
    (
        "nav",
        "option",
        "p",
        "section",
        "select",
        "span",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
    ),
)
thead, time, tr, ul = map(element, ("thead", "time", "tr", "ul"))
