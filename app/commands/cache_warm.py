"""`taskmed cache warm`: a warming with its progress bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.commands.cache_switch import warm
from app.variables import Key


def show(
    url: str,
    keys: Sequence[Key],
    clinic: int | None,
    rate: float,
    console: Console | None = None,
    token_file: Path | None = None,
) -> bool:
    """Warm, show how far it is, say at last what it found, and return whether it came to its end.

    Args:
        url: Address of the service.
        keys: Keys of the bearer tokens.
        clinic: For this clinic alone.
        rate: Lookups a second.
        console: Where it is shown; standard output where none is given.
        token_file: Holds an operator's token, in the place of `keys`.

    Raises:
        CacheUnreachable: The service did not take the request, or went away in the middle.
    """
    console = console or Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    last: Mapping[str, Any] = {"state": "failed", "done": 0, "results": {}, "seconds": 0.0}
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("warming", total=None)
        for last in warm(url, keys, clinic, rate, token_file):
            bars.update(bar, completed=last["done"], total=last["total"])
    found = ", ".join(f"{count} {result}" for result, count in sorted(last["results"].items()))
    if last["state"] != "done":
        console.print(f"not warmed to the end: the cache is not in use, or it was given up; {found}")
        return False
    console.print(f"warmed {last['done']} answers in {last['seconds']:.1f} s: {found}")
    return True
