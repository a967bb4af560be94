"""Writers, readers, crashes, outages, evictions and failovers in any order: no read is ever stale."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.monitor.consistency import mutants
from tests.monitor.consistency.model import (
    CALLERS,
    SERVERS,
    CacheProtocolModel,
    LeasedModel,
    ValidatedModel,
    narrowed,
)
from tests.monitor.consistency.world import Parts

THOROUGH = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# The same runs each time: whether a mutant is found is no matter of luck.
HUNT = settings(
    THOROUGH,
    max_examples=3_000,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],
)
MUTANTS = {
    "the generation is read after the load's snapshot": (
        Parts(worker=mutants.LoadsInAnOlderSnapshot),
        CALLERS,
    ),
    "a write is answered before it is confirmed": (Parts(settlement=mutants.AnswersUnconfirmed), CALLERS),
    "a read joins an older load": (Parts(adjust=mutants.flies_by_key_alone), CALLERS),
    "a detail keeps its generation": (Parts(store=mutants.RefreshesListsAlone), CALLERS),
    "an epoch begins without a quarantine": (Parts(lease=mutants.TrustsANewEpoch), SERVERS),
    "the epoch is not in the seal": (Parts(sealer=mutants.SealsWithoutTheEpoch), SERVERS),
}


@pytest.mark.parametrize("model", [CacheProtocolModel, ValidatedModel, LeasedModel])
def test_no_order_of_events_makes_a_read_stale(model: type[CacheProtocolModel]) -> None:
    """Whatever happens in whatever order, no read returns less than was answered before it began."""
    run_state_machine_as_test(model, settings=THOROUGH)


@pytest.mark.parametrize("rules", [CALLERS, SERVERS], ids=["callers", "servers"])
def test_the_narrowed_runs_are_clean_with_every_rule(rules: frozenset[str]) -> None:
    """What the mutants are hunted with finds nothing in the protocol itself."""
    run_state_machine_as_test(narrowed(Parts(), rules), settings=settings(HUNT, max_examples=100))


@pytest.mark.timeout(400)  # the hunt ends at the first find, which comes late for one of them
@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_taken_out_is_found(name: str) -> None:
    """The model is no comfort by itself: with a rule taken out it finds a run that goes wrong."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(narrowed(*MUTANTS[name]), settings=HUNT)


def test_what_it_finds_is_shrunk_to_the_shortest_run() -> None:
    """A write that Redis does not confirm, answered all the same, and a read: no step too many."""
    model = narrowed(*MUTANTS["a write is answered before it is confirmed"])
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(model, settings=settings(HUNT, phases=[Phase.generate, Phase.shrink]))
    steps = [note.strip() for note in found.value.__notes__ for note in note.splitlines() if "state." in note]

    assert [step.partition("(")[0] for step in steps] == [
        "state.start",
        "state.write",
        "state.everybody_reads",
        "state.teardown",
    ]
