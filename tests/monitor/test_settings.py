"""Settings refuse values that cannot work, and hide their secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.errors import ConfigurationError
from monitor.settings import CacheSettings, MonitorSettings


@pytest.mark.parametrize(
    "make",
    [
        lambda: CacheSettings(share=1.5),
        lambda: CacheSettings(sampled_share=-0.1),
        lambda: CacheSettings(lease_s=0.3, poll_s=0.25),
        lambda: MonitorSettings(sampling_ratio=-0.1),
        lambda: MonitorSettings(tenant_budget=0),
        lambda: MonitorSettings(log_level="loud"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(make: Callable[[], object]) -> None:
    """The refusal names the setting and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        make()

    assert "\n" not in str(caught.value)
    assert caught.value.variable in str(caught.value)


def test_sealing_keys_never_show_in_a_repr() -> None:
    """A settings object in a log or a traceback gives no key away."""
    settings = MonitorSettings(cache=CacheSettings(sealing_keys={"k1": b"secret-key-material"}))

    assert "secret-key-material" not in repr(settings)
