"""The tenant's id and the caller's identity, as validated values."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.errors import InvalidTenantId

_LIMIT = 2**63


class TenantId(int):
    """A tenant's id: a positive integer that fits a database BIGINT.

    Raises:
        InvalidTenantId: The value is not such an integer. Booleans, floats and strings that
            are not plain ASCII digits are refused rather than converted.
    """

    __slots__ = ()

    def __new__(cls, value: object) -> TenantId:
        if type(value) is cls:
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:  # noqa: PLR2004 - digits of 2**63
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LIMIT:
            raise InvalidTenantId(value)
        return super().__new__(cls, value)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, as a verified credential says.

    Attributes:
        tenant: The caller's own tenant; None for an operator of the whole service.
        user: An opaque id of the caller; never a name.
        role: The caller's role in the service's own words.
        operator: Whether the caller may see and steer all tenants.
        expires_at: When the credential ends, in seconds since the Unix epoch.
    """

    tenant: TenantId | None
    user: str
    role: str
    operator: bool = False
    expires_at: float = float("inf")
