"""The thread beside the loop."""

from __future__ import annotations

import sys

import pytest

from monitor.metrics.yielding_thread import GIVE_WAY_S, YieldingThread


def test_the_interpreter_is_handed_over_quickly_while_it_works_only() -> None:
    """The switch interval is short inside and the usual one afterwards, also after a failure."""
    usual = sys.getswitchinterval()
    thread = YieldingThread("t")
    assert thread.submit(sys.getswitchinterval).result() == pytest.approx(GIVE_WAY_S)
    with pytest.raises(ZeroDivisionError):
        thread.submit(divmod, 1, 0).result()
    thread.shutdown()
    assert sys.getswitchinterval() == usual
