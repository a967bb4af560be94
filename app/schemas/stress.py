"""Stress: faults that an operator sets on purpose, for drills."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from app.schemas.fields import Id

LONGEST_S = 1_800
_LONGEST_DELAY_MS = 10_000


class FaultContent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The fault to set; it ends by itself."""

    seconds: Annotated[int, Meta(ge=1, le=LONGEST_S, description="How long it lasts.")]
    delay_ms: Annotated[
        int, Meta(ge=0, le=_LONGEST_DELAY_MS, description="How much longer each answer takes.")
    ] = 0
    error_share: Annotated[
        float, Meta(ge=0, le=1, description="Share of requests answered with 500, spread evenly.")
    ] = 0.0
    bypass_cache: Annotated[bool, Meta(description="Whether every read goes to the database.")] = False
    clinics: Annotated[
        tuple[Id, ...], Meta(max_length=100, description="Whose requests; none named: everyone's.")
    ] = ()


class Fault(Struct, frozen=True, kw_only=True, rename="camel"):
    """The fault in force in the worker that answers; every worker takes the same one.

    Attributes:
        active: Whether there is one.
        seconds_left: How long it still lasts.
        worker: The process that answers.
    """

    active: bool
    seconds_left: float
    worker: int
    delay_ms: int = 0
    error_share: float = 0.0
    bypass_cache: bool = False
    clinics: tuple[int, ...] = ()
