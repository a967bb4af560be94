"""A worker's cache from its settings."""

from __future__ import annotations

import pytest
from opentelemetry.trace import NoOpTracer

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.cache.policy import CachePolicy
from monitor.errors import ConfigurationError
from monitor.kit.adoption import Adoption
from monitor.kit.build_cache import build_cache, build_rollout
from monitor.settings import CacheSettings
from monitor.tenancy.context import bind
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.conditions import until
from tests.monitor.clinic import Tokens

KEY = make_key(1, "notes", "list")
ADOPTION = Adoption(resolver=Tokens(), policies=[CachePolicy("notes", ttl_s=300)])


async def samples(settings: CacheSettings, adoption: Adoption = ADOPTION) -> int:
    """Look one key up until it has been a hit ten times, and return how many were compared."""
    observer, clock = RecordingObserver(), ManualClock()
    cache = build_cache(
        settings,
        adoption,
        observer=observer,
        tracer=NoOpTracer(),
        clock=clock,
        admission=AlwaysAdmitted(),
        rollout=build_rollout(settings, observer),
    )

    async def load() -> Loaded:
        return Loaded(b"a note")

    async def ten_hits() -> bool:
        with bind(1):
            await cache.get_or_load(KEY, load)
        return [call[2] for call in observer.of("looked_up")].count("hit") >= 10

    await until(ten_hits)
    await until(lambda: not cache._sampler or not cache._sampler._tasks)
    await cache.aclose()
    return len(observer.of("sampled"))


async def test_hits_are_compared_as_the_settings_say() -> None:
    """All of them, or none."""
    assert await samples(CacheSettings(sampled_share=1.0)) > 0
    assert await samples(CacheSettings(sampled_share=0.0)) == 0


async def test_a_domain_that_is_not_to_be_compared_is_not() -> None:
    """Its policy says so."""
    adoption = Adoption(resolver=Tokens(), policies=[CachePolicy("notes", ttl_s=300, compared=False)])

    assert await samples(CacheSettings(sampled_share=1.0), adoption) == 0


def test_the_switch_begins_as_the_settings_say() -> None:
    """Off means no share at all; a domain may have less than the rest."""
    observer = RecordingObserver()
    half = build_rollout(CacheSettings(share=0.5, shares={"notes": 0.25}), observer)
    off = build_rollout(CacheSettings(enabled=False), observer)

    assert (half.share(1, "notes"), half.share(1, "letters")) == (0.25, 0.5)
    assert off.share(1, "letters") == 0


def test_a_url_that_names_no_store_is_refused() -> None:
    """The message says what would be right."""
    observer = RecordingObserver()
    settings = CacheSettings(url="memcached://cache")
    with pytest.raises(ConfigurationError):
        build_cache(
            settings,
            ADOPTION,
            observer=observer,
            tracer=NoOpTracer(),
            clock=ManualClock(),
            admission=AlwaysAdmitted(),
            rollout=build_rollout(settings, observer),
        )
