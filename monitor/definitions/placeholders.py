"""Words that a definition leaves open: `[[tenants]]`, `[[job]]`, filled in for the service it is written for.

Texts of dashboards, messages and runbooks are written once for every service. Double square
brackets are no part of PromQL, of Grafana's variables or of Go templates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitor.errors import ConfigurationError

_PLACEHOLDER = re.compile(r"\[\[([A-Za-z_ ]+)\]\]")


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """Return a text, or a document of texts, with every placeholder filled in.

    Raises:
        ConfigurationError: A placeholder has no word.
    """
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _word(found[1], words), value)
    if isinstance(value, dict):
        return {filled(key, words): filled(item, words) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, words) for item in value]
    return value


def _word(name: str, words: Mapping[str, str]) -> str:
    if name not in words:
        raise ConfigurationError(f"[[{name}]]", f"is none of the placeholders {sorted(words)}")
    return words[name]
