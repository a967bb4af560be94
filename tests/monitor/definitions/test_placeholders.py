"""What a definition leaves open is filled in, whole or not at all."""

from __future__ import annotations

import pytest

from monitor.definitions.deployment import Deployment
from monitor.definitions.placeholders import filled
from monitor.errors import ConfigurationError

WORDS = {"tenant": "hotel", "A tenant": "A hotel"}


def test_texts_keys_and_lists_are_filled() -> None:
    """Wherever a text stands in a document; numbers and what is in other brackets stay."""
    document = {"by [[tenant]]": ["[[A tenant]]", 7, None, {"x": "[[:alpha:]] {{ $x }} [tenant]"}]}

    assert {"by hotel": ["A hotel", 7, None, {"x": "[[:alpha:]] {{ $x }} [tenant]"}]} == filled(
        document, WORDS
    )


def test_a_word_that_nobody_knows_is_refused() -> None:
    """A misspelt placeholder never reaches a page."""
    with pytest.raises(ConfigurationError, match="tennant"):
        filled("[[tennant]]", WORDS)


@pytest.mark.parametrize("prefix", ["Shop", "shop_eu", "-shop", "s" * 25, "shop/eu"])
def test_a_prefix_is_good_for_a_uid(prefix: str) -> None:
    """Grafana takes 40 characters of a uid, and links hold it as it is."""
    with pytest.raises(ConfigurationError):
        Deployment(prefix=prefix)


def test_a_job_of_any_spelling_makes_a_prefix() -> None:
    """Without a prefix the job is one, in the letters that a uid may have."""
    deployment = Deployment(job="Shop_API.eu")

    assert ("shop-api-eu-service", "ShopApiEuServiceDown") == (
        deployment.uid("service"),
        deployment.alert_name("ServiceDown"),
    )


def test_a_setting_that_no_runbook_speaks_of_is_refused() -> None:
    """A misspelt name would leave the kit's own in the runbooks."""
    with pytest.raises(ConfigurationError, match="poolsize"):
        Deployment(settings={"poolsize": "POOL_SIZE"})
