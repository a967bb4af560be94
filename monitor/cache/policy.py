"""How one domain is cached, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.errors import ConfigurationError


class NearMode(StrEnum):
    """How the near cache may answer; see `docs/cache.md`."""

    OFF = "off"
    VALIDATED = "validated"
    LEASED = "leased"
    BOUNDED = "bounded"


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How one domain is cached.

    Attributes:
        domain: The domain's word in keys and labels.
        ttl_s: Age at which an entry is no longer served.
        jitter: Share of the TTL that is drawn away from each entry, so that entries stored
            together do not expire together.
        early_refresh: XFetch's beta (Vattani et al., VLDB 2015); 0 turns it off.
        stale_if_error_s: How long past its TTL an entry may answer for a failing load.
        negative_ttl_s: How long an absence (404) is remembered; 0: not at all.
        soft_timeout_s: After this long a load is answered by a stale entry where
            `stale_if_error_s` allows it, and goes on behind; 0: wait for the load.
        load_lease_s: How long one process may load a key while the others wait for it, and so
            what its death costs them; 0: processes load for themselves.
        near: Mode of the near cache.
        refresh_daily: Whether entries end at the tenant's local midnight at the latest.
        max_entry_bytes: Larger answers are served and not stored.
        compared: Whether the sampler compares hits with the truth; False where entries are
            refreshed by time alone, and so may differ from it.
        overrides_cache_control: Whether this policy decides in the place of what an answer says
            of itself: its `Cache-Control`, `Expires` and `Age`, and that it varies by
            `Authorization`. What says `no-store` or sets a cookie is not stored all the same.
            False: the answer's word shortens or forbids, and this policy bounds it.
    """

    domain: str
    ttl_s: float
    jitter: float = 0.1
    early_refresh: float = 1.0
    stale_if_error_s: float = 0.0
    negative_ttl_s: float = 0.0
    soft_timeout_s: float = 0.0
    load_lease_s: float = 2.0
    near: NearMode = NearMode.VALIDATED
    refresh_daily: bool = False
    max_entry_bytes: int = 1_048_576
    compared: bool = True
    overrides_cache_control: bool = False

    def __post_init__(self) -> None:
        if self.ttl_s <= 0 or not 0 <= self.jitter < 1:
            raise ConfigurationError(
                f"cache policy {self.domain}", "ttl_s must be above 0 and jitter in [0, 1)"
            )
