"""The way of a log line: what the collector reads of a real one, where it is kept, and the links."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from app.config import VARIABLES
from monitor.logging.logs import Logs
from tests.binaries import ROOT
from tests.monitor.tracing.room import SERVICE, Ended, Room

LEVELS = {
    "debug": "SEVERITY_NUMBER_DEBUG",
    "info": "SEVERITY_NUMBER_INFO",
    "warning": "SEVERITY_NUMBER_WARN",
    "error": "SEVERITY_NUMBER_ERROR",
    "critical": "SEVERITY_NUMBER_FATAL",
}
# The collector's time directives that are meant here, as Python writes them.
DIRECTIVES = {**{each: each for each in ("%Y", "%m", "%d", "%H", "%M", "%S")}, "%L": "%f", "%j": "%z"}
# What Docker sends along with a line.
SENT = {
    "fluent.tag": "0123456789ab",
    "container_id": "0123456789ab" * 5,
    "container_name": "/taskmed-taskmed-1",
    "source": "stdout",
    "com.docker.compose.service": "taskmed",
}


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


COLLECTOR, LOKI = _yaml("deploy/collector/collector.yml"), _yaml("deploy/loki/loki.yml")
SOURCES = {
    source["uid"]: source
    for source in _yaml("deploy/grafana/provisioning/datasources/datasources.yml")["datasources"]
}


class Collected:
    """A line after the collector's statements; a statement of another form than these fails.

    Attributes:
        fields: What is known of the line, by the path that the statements use.
    """

    def __init__(self, line: str) -> None:
        self.fields: dict[str, Any] = {"log.body": line}
        self.fields |= {f'log.attributes["{name}"]': value for name, value in SENT.items()}
        for group in COLLECTOR["processors"]["transform/lines"]["log_statements"]:
            if all(self._holds(condition) for condition in group.get("conditions", ())):
                for statement in group["statements"]:
                    self._tried(statement)

    def under(self, path: str) -> dict[str, Any]:
        return {
            name.split('"')[1]: value for name, value in self.fields.items() if name.startswith(f"{path}[")
        }

    def _tried(self, statement: str) -> None:
        try:
            self._run(*statement.partition(" where ")[::2])
        except json.JSONDecodeError:
            if COLLECTOR["processors"]["transform/lines"]["error_mode"] != "ignore":
                raise

    def _run(self, call: str, condition: str) -> None:
        name, _, rest = call.removesuffix(")").partition("(")
        target, _, value = rest.partition(", ")
        if condition and not self._holds(condition):
            return
        if (name, target) == ("keep_keys", "log.attributes"):
            for gone in self.under(target).keys() - set(json.loads(value)):
                del self.fields[f'{target}["{gone}"]']
        elif (name, target, value) == ("merge_maps", "log.cache", 'ParseJSON(log.body), "upsert"'):
            parsed = json.loads(self.fields["log.body"])
            self.fields |= {f'log.cache["{key}"]': inner for key, inner in parsed.items()}
        else:
            assert name == "set", call
            found = self._value(value)
            if found is not None:
                self.fields[target] = found

    def _value(self, text: str) -> Any:
        if text.startswith("SEVERITY_NUMBER_"):
            return text
        time = re.fullmatch(r'Time\((.+), "(.+)"\)', text)
        if time is None:
            assert text.startswith("log."), text
            return self.fields.get(text)
        form = re.sub("%.", lambda directive: DIRECTIVES[directive[0]], time[2])
        return datetime.strptime(self.fields[time[1]], form)  # noqa: DTZ007 - the line says its zone

    def _holds(self, condition: str) -> bool:
        match = re.fullmatch(r'IsMatch\(log\.body, "(.+)"\)', condition)
        if match:
            return re.search(match[1], self.fields["log.body"]) is not None
        path, sign, word = condition.split(" ")
        known = self.fields.get(path)
        return known is not None if (sign, word) == ("!=", "nil") else known == json.loads(word)


class Service:
    """A service's log and a request in it."""

    def __init__(self) -> None:
        self.room = Room()
        self.room.clock.advance(0.125)
        self.stream = io.BytesIO()
        self.logs = Logs(self.stream, level="debug", clock=self.room.clock, dropped=lambda _: None)

    @property
    def line(self) -> str:
        """The one line that was written."""
        assert self.logs.flush(10)
        (line,) = self.stream.getvalue().decode().splitlines()
        return line

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.room.clock.time(), UTC)


@pytest.mark.parametrize("level", LEVELS)
def test_the_collector_reads_an_events_own_time_level_trace_and_span(level: str) -> None:
    """An event inside a request is filed under the request's ids, at the moment it was written."""
    service = Service()
    now = service.now
    with service.room.request() as trace:
        getattr(service.logs.logger, level)("seen")
    read = Collected(service.line).fields

    assert (read["log.body"], read["log.time"]) == (service.line, now)
    assert (read["log.trace_id.string"], read["log.span_id.string"]) == (trace.trace_id, trace.hex_span_id)
    assert (read["log.severity_text"], read["log.severity_number"]) == (level, LEVELS[level])


@pytest.mark.parametrize(("error_type", "level"), [(None, "info"), ("KeyError", "error")])
def test_the_collector_reads_a_requests_line_alike(error_type: str | None, level: str) -> None:
    """The line that each request writes by hand has the same fields in the same form."""
    service = Service()
    trace = service.room.tracing.requests.begin({}, 0.0)
    service.logs.access.ended(Ended(trace, 0.0, 1.0, error_type=error_type))
    read = Collected(service.line).fields

    assert (read["log.body"], read["log.time"]) == (service.line, service.now)
    assert (read["log.trace_id.string"], read["log.span_id.string"]) == (trace.trace_id, trace.hex_span_id)
    assert (read["log.severity_text"], read["log.severity_number"]) == (level, LEVELS[level])


def test_a_line_outside_a_request_has_no_trace() -> None:
    """What happens when the service starts is dated and graded, and led nowhere."""
    service = Service()
    service.logs.logger.warning("cache switched", domain="contacts")
    read = Collected(service.line).fields

    assert (read["log.time"], read["log.severity_text"]) == (service.now, "warning")
    assert {"log.trace_id.string", "log.span_id.string"}.isdisjoint(read)


@pytest.mark.parametrize("line", ["", "Traceback (most recent call last):", "[1, 2]", "{cut off"])
def test_a_line_that_is_no_object_goes_on_as_it_came(line: str) -> None:
    """It keeps its words and the time that Docker gave it; one that only begins as an object, too."""
    read = Collected(line)

    assert {name for name in read.fields if "attributes" not in name} == {"log.body"}
    assert read.fields["log.body"] == line


def test_loki_indexes_the_service_and_nothing_that_grows() -> None:
    """The one label is the name that Docker knows and spans carry; ids of containers are left behind."""
    labels = LOKI["distributor"]["otlp_config"]["default_resource_attributes_as_index_labels"]
    (variable,) = (each for each in VARIABLES if each.name == "OTEL_SERVICE_NAME")
    kept = Collected("started").under("log.attributes")

    assert labels == COLLECTOR["processors"]["groupbyattrs"]["keys"] == ["service.name"]
    assert kept.keys() == {"service.name", "container_name", "source"}
    assert kept["service.name"] == variable.default
    compose = _yaml("docker-compose.yml")
    assert compose["x-lines"]["options"]["labels"] == "com.docker.compose.service"
    assert variable.default in compose["services"]


def test_lines_find_their_way_from_the_collector_to_grafana() -> None:
    """Collector, Grafana, Prometheus and the health check name the address at which Loki listens."""
    address = f"loki:{LOKI['server']['http_listen_port']}"
    logs = COLLECTOR["service"]["pipelines"]["logs"]
    (exporter,) = logs["exporters"]
    targets = {
        target
        for job in _yaml("deploy/prometheus/prometheus.yml")["scrape_configs"]
        for config in job.get("static_configs", ())
        for target in config["targets"]
    }
    check = _yaml("docker-compose.yml")["services"]["loki"]["healthcheck"]["test"][-1]

    assert logs["receivers"] == ["fluent_forward"]
    assert logs["processors"].index("transform/lines") < logs["processors"].index("groupbyattrs")
    assert COLLECTOR["exporters"][exporter]["endpoint"] == f"http://{address}/otlp"
    assert SOURCES["loki"]["url"] == f"http://{address}"
    assert address in targets
    assert check == f"http://{address.replace('loki', '127.0.0.1')}/ready"


def test_a_trace_leads_to_its_lines_and_a_line_to_its_trace() -> None:
    """Both links go by the id that lies beside each line; a span's service is the label of its lines."""
    link = SOURCES["tempo"]["jsonData"]["tracesToLogsV2"]
    (field,) = SOURCES["loki"]["jsonData"]["derivedFields"]
    (tag,) = link["tags"]
    (label,) = LOKI["distributor"]["otlp_config"]["default_resource_attributes_as_index_labels"]

    assert tag["key"] in SERVICE.attributes()
    assert (tag["key"], tag["value"]) == (label, label.replace(".", "_"))
    # In a provisioned file `$$` is a `$`; Loki names the ids of a line `trace_id` and `span_id`.
    assert link["query"] == '{$${__tags}} | trace_id="$${__trace.traceId}"'
    assert link["customQuery"] is True
    assert (field["matcherType"], field["matcherRegex"]) == ("label", "trace_id")
    assert (field["datasourceUid"], field["url"]) == ("tempo", "$${__value.raw}")
    assert link["spanStartTimeShift"] == f"-{link['spanEndTimeShift']}"


def test_lines_are_kept_for_a_week_on_a_volume_that_loki_may_write() -> None:
    """Whatever Loki writes is on its volume, which is its user's, and the compactor deletes what is old."""
    compose = _yaml("docker-compose.yml")["services"]
    loki, tools = compose["loki"], compose["tools"]
    (schema,) = LOKI["schema_config"]["configs"]
    (volume,) = (each.partition(":")[2] for each in loki["volumes"] if each.startswith("loki:"))
    store = LOKI["common"]["storage"]["filesystem"]
    folders = [LOKI["common"]["path_prefix"], LOKI["compactor"]["working_directory"], *store.values()]

    assert LOKI["limits_config"]["retention_period"] == f"{7 * 24}h"
    assert LOKI["compactor"]["retention_enabled"] is True
    assert LOKI["compactor"]["delete_request_store"] == schema["object_store"] == "filesystem"
    assert schema["index"]["period"] == "24h"  # the compactor deletes by no other
    assert all(folder == volume or folder.startswith(f"{volume}/") for folder in folders), folders
    assert f"loki:{volume}" in tools["volumes"]
    assert re.search(rf"chown {loki['user']} .*{volume}\b", tools["command"][-1])
    assert LOKI["analytics"]["reporting_enabled"] is False
