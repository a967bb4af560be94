"""A change of some fields, merged into the whole (RFC 7396)."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Shape = TypeVar("Shape", bound=msgspec.Struct)


def merged(current: Shape, change: msgspec.Struct) -> Shape:
    """Return `current` with the fields that `change` sets.

    Raises:
        BrokenRule: The whole breaks a rule that no field breaks alone.
    """
    values = {name: getattr(change, name) for name in change.__struct_fields__}
    return msgspec.structs.replace(
        current, **{name: value for name, value in values.items() if value is not msgspec.UNSET}
    )
