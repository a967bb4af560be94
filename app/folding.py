"""Text folded for search, so that both databases find alike whatever their collation."""

from __future__ import annotations

import re
import unicodedata

_NOT_DIGIT = re.compile(r"[^0-9]+")


def folded(text: str) -> str:
    """Return `text` without case, accents and needless spaces, so that `jose` finds `José`."""
    # Unicode's compatibility caseless match (definition D146): some letters show their case only decomposed.
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    plain = unicodedata.normalize("NFKD", once.casefold())
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).split())


def digits_of(text: str) -> str:
    """Return the digits of `text` alone."""
    return _NOT_DIGIT.sub("", text)


def search_text(name: str, phone: str | None, email: str | None) -> str:
    """Return what a contact is found by: name, e-mail address, telephone number with and without spaces."""
    parts = (name, email or "", phone or "", digits_of(phone or ""))
    return "\n".join(folded(part) for part in parts)
