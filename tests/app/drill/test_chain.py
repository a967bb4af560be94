"""The chain of servers, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from app.drill.chain import SCRAPE_S, SHORT, Chain
from app.drill.process import ServerFailed
from tests.app.service import KEY_TEXT
from tests.binaries import need

pytestmark = [
    pytest.mark.redis,
    pytest.mark.prometheus,
    pytest.mark.filterwarnings("default"),
]


async def test_the_chain_holds_together(tmp_path: Path) -> None:
    """Prometheus scrapes the service, has the rules and knows Alertmanager, which posts to the receiver."""
    async with Chain(tmp_path, need, KEY_TEXT) as chain:
        assert await chain.watch.value('up{job="taskmed"}') == 1.0
        assert await chain.watch.has_alertmanager()
        assert "ServiceErrorsHigh" in await chain.watch.alerts()
        written = yaml.safe_load((tmp_path / "alerts/alertmanager/development.yml").read_text())
        assert chain.receiver.url in str(written["receivers"])
        servers = (chain.redis, chain.service, chain.prometheus, chain.alertmanager)
        assert all(server.running for server in servers)
    assert not any(server.running for server in servers)
    assert not any(server.folder.exists() for server in servers)


async def test_a_server_that_does_not_start_leaves_no_other_behind(tmp_path: Path) -> None:
    """The error names it, and those before it are stopped."""

    def program(name: str) -> Path:
        return Path("/bin/false") if name == "prometheus" else need(name)

    chain = Chain(tmp_path, program, KEY_TEXT)
    with pytest.raises(ServerFailed, match="prometheus did not become ready"):
        async with chain:
            pass
    assert not any(server.running for server in (chain.redis, chain.service, chain.alertmanager))


def test_no_time_is_shorter_than_four_scrapes() -> None:
    """As in production, where the shortest patience is a minute and a scrape comes every quarter of it."""
    assert SHORT.per_window(60.0) == 4 * SCRAPE_S
    assert SHORT.per_window(300.0) == pytest.approx(5.0)
