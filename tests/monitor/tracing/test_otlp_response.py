"""An OTLP receiver's answers are read as the protocol writes them."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from monitor.tracing.otlp_response import asked_wait_s, rejected_spans


@given(st.integers(0, 2**63 - 1), st.text())
def test_what_was_refused_is_read(count: int, text: str) -> None:
    """Any count, beside any message, is read back as protobuf's own library wrote it."""
    partial = ExportTracePartialSuccess(rejected_spans=count, error_message=text)

    assert rejected_spans(ExportTraceServiceResponse(partial_success=partial).SerializeToString()) == count


@given(st.binary(max_size=200))
def test_an_answer_that_cannot_be_read_refuses_nothing_or_a_number(body: bytes) -> None:
    """No body makes reading fail; the status has said already that the batch was taken."""
    assert rejected_spans(body) >= 0


@pytest.mark.parametrize(
    ("value", "wait"), [("", None), ("0", 0.0), ("120", 120.0), ("soon", None), ("-3", None), ("1.5", None)]
)
def test_seconds_are_read_and_anything_else_is_not(value: str, wait: float | None) -> None:
    """Whole seconds are a wait; what RFC 9110 does not allow asks for nothing."""
    assert asked_wait_s(value, 1_000.0) == wait


def test_a_date_is_a_wait_until_then() -> None:
    """A date in the future is waited for; one that has passed is no wait."""
    now = 1_700_000_000.0

    assert asked_wait_s(formatdate(now + 30, usegmt=True), now) == 30
    assert asked_wait_s(formatdate(now - 30, usegmt=True), now) == 0
