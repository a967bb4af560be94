"""The table of tenants: one row each, freed rows taken again, nothing ever shared."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.metrics.tenant_table import NO_TENANT_ROW, OVERFLOW_ROW, TenantTable, tenant_label


def test_a_tenant_keeps_its_row() -> None:
    """Claiming twice gives the same row."""
    table = TenantTable(4, None)
    assert table.claim(7) == table.claim(7)
    assert table.live == 1
    table.close()


def test_the_reserved_rows_have_labels_of_their_own() -> None:
    """Overflow and requests without a tenant are there from the start."""
    table = TenantTable(4, None)
    live = table.snapshot()
    labels = [tenant_label(tenant) for tenant in live.tenants]
    assert labels[OVERFLOW_ROW] == "__overflow__"
    assert labels[NO_TENANT_ROW] == "__none__"
    table.close()


def test_a_full_table_refuses_newcomers_and_keeps_the_known() -> None:
    """Over the cap only newcomers go without a row."""
    table = TenantTable(4, None)
    first, second = table.claim(1), table.claim(2)
    assert table.full
    assert table.claim(3) == OVERFLOW_ROW
    assert (table.claim(1), table.claim(2)) == (first, second)
    table.close()


def test_an_evicted_row_moves_to_another_incarnation() -> None:
    """The next tenant of a row never inherits what the last one counted."""
    table = TenantTable(3, None)
    row = table.claim(1)
    assert row is not None
    before = table.incarnations[row]
    assert not table.evict(row, 1, before - 1)
    assert table.evict(row, 1, before)
    assert not table.evict(row, 1, before)
    assert table.claim(2) == row
    assert table.incarnations[row] > before
    table.close()


def test_workers_share_one_budget(tmp_path: Path) -> None:
    """Two tables in one directory give a tenant the same row and count it once."""
    mine, theirs = TenantTable(4, tmp_path), TenantTable(4, tmp_path)
    assert mine.claim(5) == theirs.claim(5)
    theirs.claim(6)
    assert mine.live == 2
    assert mine.full
    assert mine.claim(7) == OVERFLOW_ROW
    mine.close()
    theirs.close()


def test_a_table_that_another_process_keeps_gives_no_answer(tmp_path: Path) -> None:
    """A suspended worker that holds the table costs the others one attempt, not their loop."""
    mine, theirs = TenantTable(4, tmp_path), TenantTable(4, tmp_path)
    with theirs._locked():
        assert mine.claim(1) is None
        assert not mine.evict(2, 1, 1)
    assert mine.claim(1) == 2
    mine.close()
    theirs.close()


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30)), max_size=200))
def test_the_table_behaves_as_a_bounded_dictionary(steps: list[tuple[bool, int]]) -> None:
    """Whatever is claimed and evicted, each live tenant has one row and no two share one."""
    table, model = TenantTable(10, None), dict[int, int]()
    for claim, tenant in steps:
        if claim:
            row = table.claim(tenant)
            assert (row == OVERFLOW_ROW) == (tenant not in model and len(model) == 8)
            if row:
                assert model.setdefault(tenant, row) == row
        else:
            row = model.get(tenant, 2)
            assert table.evict(row, tenant, table.incarnations[row]) == (tenant in model)
            model.pop(tenant, None)
        assert len(set(model.values())) == len(model) == table.live
    live = table.snapshot().tenants
    assert {tenant: row for row, tenant in enumerate(live) if tenant > 0} == model
    table.close()
