"""From a URL to a store."""

from __future__ import annotations

import pytest

from monitor.cache.memory_store import MemoryStore
from monitor.errors import ConfigurationError
from monitor.redis.open_store import open_store
from monitor.redis.redis_store import RedisStore
from monitor.testing.fakes import ManualClock, RecordingObserver


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", MemoryStore),
        ("redis://127.0.0.1:1/0", RedisStore),
        ("rediss://user:secret@127.0.0.1:1/2", RedisStore),
    ],
)
async def test_the_scheme_chooses_the_store(url: str, kind: type) -> None:
    """Nothing connects before the first call."""
    store = open_store(url, clock=ManualClock(), observer=RecordingObserver())

    assert isinstance(store, kind)
    await store.aclose()


@pytest.mark.parametrize("url", ["memcached://x", "", "localhost:6379"])
def test_another_scheme_stops_the_start(url: str) -> None:
    """The error names the setting."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(url, clock=ManualClock(), observer=RecordingObserver())

    assert caught.value.variable == "CACHE_URL"
