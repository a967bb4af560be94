"""Who sends the spans."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from monitor.tracing.spans import AttributeValue


@dataclass(frozen=True, slots=True)
class Service:
    """Who sends the spans; the resource of each of them."""

    name: str
    version: str
    environment: str
    instance: str = ""

    def attributes(self) -> dict[str, AttributeValue]:
        """Return the resource's attributes, as OpenTelemetry names them."""
        return {
            "service.name": self.name,
            "service.version": self.version,
            "service.instance.id": self.instance,
            "deployment.environment.name": self.environment,
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": version("opentelemetry-sdk"),
        }
