"""A change of some fields, merged into the whole (RFC 7396)."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Shape = TypeVar("Shape", bound=msgspec.Struct)


def merged(shape: type[Shape], current: msgspec.Struct, change: msgspec.Struct) -> Shape:
    """Return what `current` becomes with the fields that `change` sets, as a `shape`.

    The whole is judged once, as it will be stored: what stands there from before a rule was made
    can still be brought in line with it.

    Args:
        shape: What is written of an entity.
        current: The entity; it has at least the fields of `shape`.
        change: Fields of `shape`; `UNSET` where one stays.

    Raises:
        BrokenRule: The whole breaks a rule that no field breaks alone.
    """
    kept = {name: getattr(current, name) for name in shape.__struct_fields__}
    given = {name: getattr(change, name) for name in change.__struct_fields__}
    return shape(**{**kept, **{name: value for name, value in given.items() if value is not msgspec.UNSET}})
