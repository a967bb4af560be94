"""Write `docs/api.md` from the docstrings of what `monitor` exports; the source is read, not run.

python scripts/write_api_page.py [PAGE]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
HEAD = """# The public door

Everything that an adopter needs comes from one place:

```python
from monitor import Adoption, MonitorSettings, build_monitor
```

The names below keep their meaning from release to release, and a change that breaks one stands in
[CHANGELOG.md](../CHANGELOG.md). Every other module of the kit is private and may move. A name is loaded
when it is first asked for; `import monitor` alone loads nothing.

<!-- Written by `make definitions` from the docstrings; a test compares. -->
"""
TITLES = {
    griffe.DocstringSectionKind.parameters: "Arguments",
    griffe.DocstringSectionKind.attributes: "Attributes",
    griffe.DocstringSectionKind.raises: "Raises",
}


def page(root: Path = ROOT) -> str:
    """Return the page for the kit below `root`, in the order of the names' table."""
    door = griffe.load("monitor", search_paths=[root], docstring_parser="google", try_relative_path=False)
    names = [name for name in ordered(door) if not name.startswith("_")]
    parts = [HEAD, *("\n".join(described(door[name].final_target, name, "##")) for name in names)]
    return "\n".join(parts)


def ordered(door: griffe.Module) -> list[str]:
    """Return the names that the door exports, in the order in which it says where they live."""
    homes = door["_HOMES"].value
    if not isinstance(homes, griffe.ExprDict):
        raise TypeError("monitor/__init__.py has no table _HOMES")
    return [str(key).strip("'\"") for key in homes.keys]


def described(thing: griffe.Object, name: str, level: str) -> Iterator[str]:
    """Yield the lines about one name, then those about the public functions in it."""
    yield f"{level} `{name}`\n"
    if isinstance(thing, griffe.Function):
        yield f"```python\n{shape(thing)}\n```\n"
    if thing.docstring is not None:
        for section in thing.docstring.parsed:
            yield from written(thing, section)
    if isinstance(thing, griffe.Class | griffe.Module):
        for inner in thing.members.values():
            if isinstance(inner, griffe.Function) and not inner.name.startswith("_"):
                yield from described(inner, f"{name}.{inner.name}", level + "#")


def shape(function: griffe.Function) -> str:
    """Return the signature, one argument a line where it is long, under what it is decorated with."""
    above = "".join(f"@{decorator.value}\n" for decorator in function.decorators)
    opening = "async def" if "async" in function.labels else "def"
    whole = f"{above}{opening} {function.signature(return_type=True)}: ..."
    opened = whole.index("(", len(above)) + 1
    if len(whole.splitlines()[-1]) < 100 or function.parameters is None:  # noqa: PLR2004 - characters of a line
        return whole
    end = whole.rindex(")")
    given = list(split(whole[opened:end]))
    return whole[:opened] + "".join(f"\n    {one}," for one in given) + "\n" + whole[end:]


def split(arguments: str) -> Iterator[str]:
    """Yield the arguments of a signature; a comma inside brackets parts none."""
    depth, begin = 0, 0
    for place, letter in enumerate(arguments):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            yield arguments[begin:place].strip()
            begin = place + 1
    yield arguments[begin:].strip()


def written(thing: griffe.Object, section: griffe.DocstringSection) -> Iterator[str]:
    """Yield one section of a docstring as Markdown."""
    if section.kind is griffe.DocstringSectionKind.text:
        yield f"{section.value}\n"
    elif section.kind in TITLES:
        yield f"{TITLES[section.kind]}:\n"
        for item in section.value:
            yield f"- {label(thing, section, item)}: {' '.join(item.description.split())}"
        yield ""
    else:
        raise ValueError(f"{thing.path}: a docstring's section of kind {section.kind.value} has no form yet")


def label(thing: griffe.Object, section: griffe.DocstringSection, item: griffe.DocstringElement) -> str:
    """Return the name of an argument, attribute or error, with its type and default where it has some."""
    if section.kind is griffe.DocstringSectionKind.raises:
        return f"`{item.annotation}`"
    name = item.name  # type: ignore[attr-defined]
    declared = thing.members.get(name) if isinstance(thing, griffe.Class) else None
    if not isinstance(declared, griffe.Attribute) or declared.annotation is None:
        return f"`{name}`"
    default = default_of(declared)
    return f"`{name}: {declared.annotation}{default}`"


def default_of(attribute: griffe.Attribute) -> str:
    """Return ` = value` where the attribute has a plain default."""
    value = str(attribute.value or "")
    return f" = {value}" if value and not value.startswith("field(") else ""


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE).write_text(page())
