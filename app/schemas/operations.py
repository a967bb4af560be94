"""What operators exchange with the kit's own endpoints, as far as the kit names no type for it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from app.schemas.fields import Id
from monitor.tracing.recent import TraceView


class TraceQuery(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which recent traces to read."""

    clinic: Annotated[Id | None, Meta(description="Only this clinic's.")] = None
    route: Annotated[str | None, Meta(description="Only of this route's template.")] = None
    outcome: Annotated[
        Literal["ok", "slow", "failed"] | None, Meta(description="Only with this outcome.")
    ] = None
    longer_than_ms: Annotated[float, Meta(ge=0, description="Only those that took longer.")] = 0.0
    limit: Annotated[int, Meta(ge=1, le=1_000, description="How many at most.")] = 50


class Traces(Struct, frozen=True):
    """Recent traces, the newest first."""

    traces: list[TraceView]


class Alive(Struct, frozen=True):
    """Whether a worker lives, or is ready."""

    status: str
