"""Sends spans to an OTLP receiver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from opentelemetry.instrumentation.utils import suppress_instrumentation

from monitor.tracing.delivery import Delivery
from monitor.tracing.otlp import encode, encode_resource
from monitor.tracing.otlp_http import Sender
from monitor.tracing.spans import AttributeValue, ReadSpan


def send_to_receiver(
    sender: Sender, read: Callable[[object], ReadSpan | None], attributes: Mapping[str, AttributeValue]
) -> Callable[[Sequence[object]], Delivery]:
    """Return what delivers a batch of finished spans through `sender`.

    Args:
        sender: Takes encoded requests.
        read: Reads what may leave of a span; None while it runs.
        attributes: Of the resource.
    """
    resource = encode_resource(attributes)

    def send(batch: Sequence[object]) -> Delivery:
        spans = [span for span in map(read, batch) if span is not None]
        with suppress_instrumentation():
            return sender.send(encode(spans, resource))

    return send
