"""Options of `taskmed drill`, checked before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.drill.asked import Asked, order_of, stage_of
from app.drill.scenarios import FAULTS
from monitor.clock import SystemClock
from monitor.errors import ConfigurationError
from tests.app.service import KEY

RUNNING = {"services": ("http://127.0.0.1:8000",)}


def _asked(**changes: Any) -> Asked:
    plain: dict[str, Any] = {
        "faults": (),
        "rounds": 1,
        "profile": "",
        "at_once": 1,
        "services": (),
        "prometheus": "http://127.0.0.1:9090",
        "alertmanager": "http://127.0.0.1:9093",
        "job": "taskmed",
        "token_file": None,
    }
    return Asked(**{**plain, **changes})


def _nowhere(name: str) -> Path:
    return Path(f"/nowhere/{name}")


def test_servers_of_its_own_suffer_everything_in_short_windows() -> None:
    """Without an address: all six faults, an hour in a minute."""
    order = order_of(_asked(rounds=2), ())
    assert tuple(order.faults) == tuple(FAULTS)
    assert order.deployment.pace == pytest.approx(1 / 60)
    assert [fault.name for fault in order.rounds_in_order] == [*FAULTS, *FAULTS]


@pytest.mark.parametrize(
    ("keys", "faults"),
    [((KEY,), ("latency", "errors", "hit-ratio", "storm")), ((), ("latency", "errors"))],
)
def test_a_running_stack_suffers_what_it_can(keys: Any, faults: tuple[str, ...]) -> None:
    """Nobody's server is killed; without keys there is no traffic of the drill's own."""
    order = order_of(_asked(**RUNNING), keys)
    assert tuple(order.faults) == faults
    assert order.deployment.pace == 1.0
    assert "Alertmanager" in order.note


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"faults": ("nonsense",)}, "--fault"),
        ({"profile": "slow"}, "--profile"),
        ({**RUNNING, "at_once": 2}, "--at-once"),
    ],
)
def test_a_wrong_option_is_named(changes: dict[str, Any], option: str) -> None:
    """With what would be right."""
    with pytest.raises(ConfigurationError, match=option):
        order_of(_asked(**changes), (KEY,))


@pytest.mark.parametrize(
    ("changes", "keys", "option"),
    [
        (RUNNING, (), "--token-file"),
        ({**RUNNING, "token_file": Path("/nowhere")}, (KEY,), "--token-file"),
        ({"services": ("ftp://x",)}, (KEY,), "ftp://x"),
    ],
)
def test_a_stack_that_cannot_be_reached_is_told(changes: dict[str, Any], keys: Any, option: str) -> None:
    """No token, one that cannot be read, an address that is none."""
    with pytest.raises(ConfigurationError, match=option):
        stage_of(_asked(**changes), keys, _nowhere, SystemClock())
