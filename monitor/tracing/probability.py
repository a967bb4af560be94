"""Sampling as a probability that a backend can read off a span.

Source: OpenTelemetry, "TraceState: Probability Sampling": a trace has 56 random bits, a sampler
has a threshold in the same range, and a span is sampled where the bits are not below it. The
threshold travels in `ot=th:`, so that whoever counts spans counts one for `1 / (1 - th)`.
"""

from __future__ import annotations

from opentelemetry.trace import TraceState

_KEY = "ot"
_BITS = 56
_DIGITS = 14
NEVER = 1 << _BITS
_LONGEST = 256
ALWAYS = "0"


def threshold_of(ratio: float) -> int:
    """Return the threshold that samples `ratio` of all traces; `NEVER` for none."""
    return NEVER - round(ratio * NEVER)


def written(threshold: int) -> str:
    """Write a threshold as `th` has it: hexadecimal, without the zeros at its end."""
    return f"{threshold:0{_DIGITS}x}".rstrip("0") or ALWAYS


def with_threshold(state: TraceState, threshold: str | None) -> TraceState:
    """Return the state with `th` replaced; everything else that anybody wrote stays.

    Args:
        state: The trace's.
        threshold: As `written` gave it; None: none is known, as for a span that was not sampled.
    """
    kept = [member for member in state.get(_KEY, "").split(";") if member and not member.startswith("th:")]
    members = kept if threshold is None else [f"th:{threshold}", *kept]
    value = ";".join(members)
    if not value or len(value) > _LONGEST:
        return state.delete(_KEY) if _KEY in state else state
    return state.update(_KEY, value)
