"""HTML and SVG written by functions: text is escaped unless it is `Markup` already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from markupsafe import Markup, escape

VOID: Final = frozenset({"br", "input", "link", "meta", "rect", "line", "path", "polyline"})

Child = str | int | float | None
Attribute = str | int | float | bool | None
Element = Callable[..., Markup]


def markup(*parts: Child) -> Markup:
    """Join parts; whatever is no `Markup` is escaped, None is left out."""
    return Markup().join(escape(part) for part in parts if part is not None)


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """Write one element.

    Args:
        name: The element's name.
        children: Its content; anything but `Markup` is escaped.
        attributes: A trailing underscore is dropped (`class_`), others become dashes; True
            writes the bare name, False and None leave the attribute out.
    """
    # The names of elements and attributes are this code's own words; only values come from outside.
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID and not children:
        return Markup(f"<{name}{written}>" if name in _HTML_VOID else f"<{name}{written}/>")  # noqa: S704
    return Markup(f"<{name}{written}>{markup(*children)}</{name}>")  # noqa: S704


def element(name: str) -> Element:
    """Return the function that writes elements of one name."""

    def write(*children: Child, **attributes: Attribute) -> Markup:
        return tag(name, *children, **attributes)

    return write


_HTML_VOID: Final = frozenset({"br", "input", "link", "meta"})
# In SVG these words keep their capitals.
_CAPITALS: Final = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    name = _CAPITALS.get(name, name)
    return f" {name}" if value is True else f' {name}="{escape(value)}"'


a: Element = element("a")
button: Element = element("button")
caption: Element = element("caption")
code: Element = element("code")
dd: Element = element("dd")
details: Element = element("details")
div: Element = element("div")
dl: Element = element("dl")
dt: Element = element("dt")
form: Element = element("form")
h1: Element = element("h1")
h2: Element = element("h2")
h3: Element = element("h3")
header: Element = element("header")
input_: Element = element("input")
label: Element = element("label")
legend: Element = element("legend")
li: Element = element("li")
main: Element = element("main")
nav: Element = element("nav")
option: Element = element("option")
p: Element = element("p")
section: Element = element("section")
select: Element = element("select")
span: Element = element("span")
summary: Element = element("summary")
table: Element = element("table")
tbody: Element = element("tbody")
td: Element = element("td")
th: Element = element("th")
thead: Element = element("thead")
time: Element = element("time")
tr: Element = element("tr")
ul: Element = element("ul")
