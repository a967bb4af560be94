"""A change of some fields leaves the others, and the whole keeps its rules."""

from __future__ import annotations

import pytest
from msgspec import UNSET, Struct, UnsetType

from app.errors import BrokenRule
from app.schemas.merge_patch import merged


class Whole(Struct):
    """Something with a rule over two fields."""

    share: float = 0.0
    active: bool = False

    def __post_init__(self) -> None:
        if self.active and not self.share:
            raise BrokenRule("share", "must be more than 0 where active")


class Change(Struct):
    """What may change."""

    active: bool | UnsetType = UNSET
    share: float | UnsetType = UNSET


def test_a_change_keeps_what_it_does_not_name() -> None:
    """Fields that a change leaves unset stay."""
    whole = Whole(0.5, active=True)

    assert Whole(0.25, active=True) == merged(Whole, whole, Change(share=0.25))
    assert whole == merged(Whole, whole, Change())


def test_the_whole_must_keep_the_rules() -> None:
    """A change that breaks a rule together with what stays is refused by field."""
    with pytest.raises(BrokenRule) as refused:
        merged(Whole, Whole(), Change(active=True))

    assert refused.value.field == "share"


def test_what_broke_a_rule_before_can_be_mended() -> None:
    """The rules judge the whole that will be stored, never what stands there now."""

    class Old(Struct):
        share: float = 0.0
        active: bool = True

    assert Whole(0.5, active=True) == merged(Whole, Old(), Change(share=0.5))
