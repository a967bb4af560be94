"""Networks are read from configuration and asked by address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigurationError
from monitor.networks import Networks


@given(st.ip_addresses(v=4))
def test_an_address_is_in_its_networks_alone(address: object) -> None:
    """Every address of the network is in it, written as IPv4 or mapped into IPv6; no other is."""
    inside = str(address).startswith("10.1.")
    networks = Networks(["10.1.0.0/16", "::1"])

    assert (str(address) in networks) is inside
    assert (f"::ffff:{address}" in networks) is inside


@pytest.mark.parametrize("host", ["", "testclient", "10.1.0.0/16", None, 7, "10.1.2.3, 10.1.2.4"])
def test_what_is_no_address_is_in_no_network(host: object) -> None:
    """A socket's path, a name or a list of addresses is nobody's address."""
    assert host not in Networks(["0.0.0.0/0", "::/0"])


def test_nobody_is_in_the_empty_set_and_everybody_in_a_star() -> None:
    """Without networks nobody is trusted; `*` trusts whoever comes, address or not."""
    assert not Networks()
    assert "127.0.0.1" not in Networks()
    assert "testclient" in Networks(["*"])


@pytest.mark.parametrize("name", ["proxy.example", "10.1.2.3/16", "300.1.1.1", ""])
def test_a_name_that_is_no_network_is_refused(name: str) -> None:
    """A host name, or an address with bits beyond its mask, is a configuration's mistake."""
    with pytest.raises(ConfigurationError) as refused:
        Networks([name], "TRUSTED")

    assert "TRUSTED" in str(refused.value)
