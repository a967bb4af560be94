"""Documents of the kit have the service's own name for a tenant's id, both ways."""

from __future__ import annotations

import json

import msgspec
import pytest

from monitor.operations.cache_switch_endpoint import Off, Position, Share, Switches
from monitor.operations.cache_warming_endpoint import WarmProgress, WarmState
from monitor.operations.json_body import JsonBody
from monitor.tenancy.naming import TenantNaming

ACCOUNTS = TenantNaming("account", "accounts")


def test_a_document_is_read_in_the_service_s_names() -> None:
    """Bounds, optional fields and checks across fields are those of the kit's own type."""
    body = JsonBody(Position, ACCOUNTS)

    assert Position(enabled=False, tenant_id=7) == body.decode(b'{"enabled":false,"accountId":7}')
    assert Position(share=0.5) == body.decode(b'{"share":0.5}')


@pytest.mark.parametrize(
    "text",
    [
        b'{"enabled":false,"tenantId":7}',
        b'{"enabled":false,"accountId":0}',
        b'{"enabled":false,"share":1}',
        b'{"share":2}',
        b"{",
    ],
)
def test_what_the_kit_s_own_type_refuses_is_refused(text: bytes) -> None:
    """Unknown names, values out of bounds and contradictions are no documents."""
    with pytest.raises(msgspec.MsgspecError):
        JsonBody(Position, ACCOUNTS).decode(text)


def test_a_document_is_written_in_the_service_s_names() -> None:
    """Also where tenants stand inside lists; every other name stays."""
    written = JsonBody(Switches, ACCOUNTS).encode(Switches([Off(7, None)], [Share(None, "notes", 0.5)]))

    assert {
        "off": [{"accountId": 7, "domain": None}],
        "shares": [{"accountId": None, "domain": "notes", "share": 0.5}],
    } == json.loads(written)


def test_mappings_and_defaults_are_written_as_they_are() -> None:
    """A field that is itself a mapping, or was left out, is what the kit's type says."""
    progress = WarmProgress(WarmState.DONE, 7, results={"hit": 3})

    assert JsonBody(WarmProgress, ACCOUNTS).encode(progress) == msgspec.json.encode(progress).replace(
        b"tenantId", b"accountId"
    )


def test_a_service_that_names_nothing_keeps_the_kit_s_types() -> None:
    """There is nothing to convert then, and no second type in an API's description."""
    assert Position is JsonBody(Position, TenantNaming()).type
    assert "Position" == JsonBody(Position, ACCOUNTS).type.__name__
    assert "an account" in (JsonBody(Position, ACCOUNTS).type.__doc__ or "")
