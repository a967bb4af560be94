"""Classes and frames of an exception and of all that stands behind it, and no word of its message."""

from __future__ import annotations

from monitor.errors import ConfigurationError
from monitor.failures import behind, class_of, frames_of, mark_told, of_failure, report, was_told

MARK = "Ann Smith"


def raised(failure: BaseException) -> BaseException:
    try:
        raise failure  # noqa: TRY301 - for its traceback
    except BaseException as caught:  # noqa: BLE001 - groups of any kind
        return caught


def chained(length: int) -> BaseException:
    whole = raised(ValueError(MARK))
    for _ in range(length):
        outer = LookupError(MARK)
        outer.__cause__ = whole
        whole = outer
    return whole


def test_cause_and_members_are_named_by_their_way() -> None:
    """The nearest come first; the cause of a member is told as such."""
    member = TypeError(MARK)
    member.__cause__ = KeyError(MARK)
    group = ExceptionGroup(MARK, [ValueError(MARK), member])
    group.__cause__ = raised(OSError(MARK))

    lines = behind(group)

    assert [line.split(" at ")[0] for line in lines] == [
        "member 1: ValueError",
        "member 2: TypeError",
        "cause: OSError",
        "member 2 cause: KeyError",
    ]
    assert "test_failures.py" in lines[2]
    assert lines[2].endswith(" raised")


def test_a_context_counts_unless_it_was_ruled_out() -> None:
    """`from None` says that what came before is not to be told; a cause stands before a context."""
    shown, hidden = ValueError(), ValueError()
    shown.__context__ = hidden.__context__ = KeyError()
    hidden.__suppress_context__ = True

    assert behind(shown) == ["context: KeyError"]
    assert behind(hidden) == []


def test_long_chains_and_large_groups_are_cut() -> None:
    """Sixteen are told, and that there are more."""
    for whole in (chained(1_000), ExceptionGroup(MARK, [ValueError(MARK)] * 1_000)):
        told = behind(whole)
        assert len(told) <= 17
        assert len(report(whole)) < 20_000
    assert behind(chained(1_000))[-1] == "and more"


def test_a_chain_that_bites_its_tail_ends() -> None:
    """An exception may be its own cause's cause."""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one

    assert behind(one) == ["cause: KeyError"]


def test_a_deep_traceback_keeps_its_innermost_frames() -> None:
    """Twenty frames, the last the one that raised."""

    def deep(left: int) -> None:
        if left == 0:
            raise ValueError(MARK)
        deep(left - 1)

    try:
        deep(100)
    except ValueError as failure:
        frames = frames_of(failure)

    assert len(frames) == 20
    assert frames[-1].endswith(" deep")


def test_no_message_is_told() -> None:
    """Neither the line's fields nor the span's text quote what was raised."""
    group = raised(BaseExceptionGroup(MARK, [ValueError(MARK), chained(2)]))

    assert MARK not in str(of_failure(group))
    assert MARK not in report(group)
    assert class_of(group) == "ExceptionGroup"  # as Python makes of one without a system exit
    assert "causes" not in of_failure(ValueError(MARK))


def test_an_exception_is_told_once() -> None:
    """What the kit has told is known as told, also of a class that takes no attribute."""

    class Bare(Exception):
        __slots__ = ()

    failure = ValueError()
    assert not was_told(failure)
    mark_told(failure)
    mark_told(Bare())

    assert was_told(failure)
    assert not was_told(None)


def test_what_a_setting_lacks_is_told() -> None:
    """A configuration error's words are the code's own, and whoever is paged must act on them."""
    refused = ConfigurationError("PORT", "choose another")

    assert of_failure(refused)["problem"] == "PORT: choose another"
    assert "problem" not in of_failure(ValueError(MARK))
