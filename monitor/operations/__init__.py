"""What operators and probes ask over HTTP."""
