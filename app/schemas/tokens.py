"""Tokens: which of them are withdrawn before they expire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from app.errors import BrokenRule
from app.schemas.fields import Id

Opaque = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+(?![\s\S])")]


class RevocationContent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to withdraw: one token by its id (`jti`), or every token that a user has now."""

    token_id: Annotated[Opaque | None, Meta(description="The `jti` of one token.")] = None
    user: Annotated[Opaque | None, Meta(description="Whose tokens, all made up to now.")] = None
    clinic_id: Annotated[
        Id | None, Meta(description="Whose user, as an operator; none: an operator's. An admin's is its own.")
    ] = None

    def __post_init__(self) -> None:
        if (self.token_id is None) == (self.user is None):
            raise BrokenRule("token_id", "give either tokenId or user")


class Revocation(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a withdrawal has come.

    Attributes:
        reached: Workers that refuse the tokens now.
        missing: Workers that were there lately and have not said so yet; they follow when they look.
    """

    reached: int
    missing: int
