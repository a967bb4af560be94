"""The rules of Grafana's dashboard linter, and what it does not check.

Its rules on `instance` are the only ones left out: recorded series are sums over the
replicas and have none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.definitions import DEPLOYMENT
from monitor.definitions.alert_rules import all_alerts
from monitor.definitions.rules import Board
from monitor.metrics.catalogue import CATALOGUE, Kind
from tests.dashboards.boards import BOARDS, Json, everything, filled, panels
from tests.dashboards.promql import selectors

BY_BOARD = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
PANELS = list(everything())
BY_PANEL = pytest.mark.parametrize(
    ("name", "board", "panel"), PANELS, ids=[f"{name}-{panel['title']}" for name, _, panel in PANELS]
)

COUNTERS = {metric.name for metric in CATALOGUE if metric.kind is Kind.COUNTER} | {
    f"{metric.name}_{part}"
    for metric in CATALOGUE
    if metric.kind is Kind.HISTOGRAM
    for part in ("bucket", "sum", "count")
}
UNITS = {"reqps", "s", "percentunit", "short", "none", "bytes", "Bps", "ops", "cps", "cpm", "currencyEUR"}
UIDS = {
    "service": "taskmed-service",
    "tenants": "taskmed-tenants",
    "cache": "taskmed-cache",
    "database": "taskmed-database",
    "runtime": "taskmed-runtime",
    "capacity": "taskmed-capacity",
}


def _variable(board: Json, name: str) -> Json:
    variables: list[Json] = board["templating"]["list"]
    (found,) = (each for each in variables if each["name"] == name)
    return found


@BY_BOARD
def test_template_datasource(board: Json) -> None:
    """One variable chooses the Prometheus, under the name that every Grafana team expects."""
    (found,) = (each for each in board["templating"]["list"] if each["type"] == "datasource")

    assert (found["name"], found["label"], found["query"]) == ("datasource", "Data source", "prometheus")


@BY_BOARD
def test_template_job(board: Json) -> None:
    """The service is chosen by a variable of several values that never matches an empty job."""
    job = _variable(board, "job")

    assert (job["type"], job["label"], job["multi"], job["allValue"]) == ("query", "Job", True, ".+")
    assert job["datasource"]["uid"] == "${datasource}"


@BY_BOARD
def test_template_label_promql(board: Json) -> None:
    """Query variables are label values of a selector."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert re.fullmatch(r"label_values\([a-z_]+(\{.+\})?, [a-z_]+\)", variable["query"]["query"])


@BY_BOARD
def test_template_on_time_change_reload(board: Json) -> None:
    """A clinic that appears later is in the list once the range moves."""
    assert all(each["refresh"] == 2 for each in board["templating"]["list"] if each["type"] == "query")


@BY_BOARD
def test_several_values_and_all(board: Json) -> None:
    """Clinics and routes can be chosen together, and all of them by a match that needs no list."""
    for variable in board["templating"]["list"]:
        if variable["name"] in ("tenant", "route", "domain"):
            assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".*")


@BY_PANEL
def test_panel_datasource(name: str, board: Json, panel: Json) -> None:
    """No panel names a data source of its own."""
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@BY_PANEL
def test_panel_title_description(name: str, board: Json, panel: Json) -> None:
    """Every panel has a title and says what it shows."""
    assert panel["title"]
    assert panel["description"].endswith(".")


@BY_PANEL
def test_panel_units(name: str, board: Json, panel: Json) -> None:
    """Every number has a unit."""
    unit = panel["fieldConfig"]["defaults"].get("unit") or panel["options"]["yAxis"]["unit"]

    assert unit in UNITS


@BY_PANEL
def test_panel_no_targets(name: str, board: Json, panel: Json) -> None:
    """Every panel asks something."""
    assert panel["targets"]


@BY_PANEL
def test_target_rate_interval(name: str, board: Json, panel: Json) -> None:
    """A rate is taken over the interval that follows from the panel's width and the scrapes."""
    for target in panel["targets"]:
        for selector in selectors(target["expr"]):
            if selector.function in ("rate", "irate"):
                assert selector.ranged == "$__rate_interval"


@BY_PANEL
def test_target_job(name: str, board: Json, panel: Json) -> None:
    """Every selector asks only for the chosen services."""
    for target in panel["targets"]:
        for selector in selectors(target["expr"]):
            assert 'job=~"$job"' in selector.matchers, selector


@BY_PANEL
def test_target_counter_agg(name: str, board: Json, panel: Json) -> None:
    """A counter is never shown as it stands."""
    for target in panel["targets"]:
        for selector in selectors(target["expr"]):
            if selector.name in COUNTERS:
                assert selector.function in ("rate", "irate", "increase"), selector


@BY_BOARD
def test_uneditable_dashboard(board: Json) -> None:
    """What is written from code is changed in code."""
    assert board["editable"] is False


@BY_BOARD
def test_shared_crosshair_and_links(board: Json) -> None:
    """The time under the pointer is marked in every panel, and the siblings are one click away."""
    assert board["graphTooltip"] == 1
    (link,) = board["links"]
    assert link["includeVars"]
    assert link["keepTime"]
    assert set(link["tags"]) <= set(board["tags"])


def test_uids_never_change() -> None:
    """Links from alerts, runbooks and bookmarks hold the uid."""
    assert {name: board["uid"] for name, board in BOARDS.items()} == UIDS
    assert {DEPLOYMENT.uid(board) for board in Board if board is not Board.OWN} == set(UIDS.values())


def _links(value: Any) -> Iterator[str]:
    """Give the address of every link in a document, however deep."""
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            yield value["url"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _links(each)


def _alert_links() -> set[str]:
    alerts = (alert.document(DEPLOYMENT) for alert in all_alerts(DEPLOYMENT))
    return {alert["annotations"]["dashboard_url"] for alert in alerts}


LINKS = {link for board in BOARDS.values() for link in _links(board)} - {""} | _alert_links()


@pytest.mark.parametrize("link", sorted(LINKS))
def test_a_link_opens_a_dashboard_with_its_variables_set(link: str) -> None:
    """From a cell or an alert: the dashboard exists, and has each variable that the link sets."""
    boards = {board["uid"]: board for board in BOARDS.values()}
    found = re.search(r"/d/([a-z-]+)\?(.+)$", link)
    assert found
    named = re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", found[2])

    assert {one or other for one, other in named} <= {
        each["name"] for each in boards[found[1]]["templating"]["list"]
    }
    assert "var-job=" in link or "${job:queryparam}" in link


@BY_PANEL
def test_a_cells_link_reads_a_column_that_is_there(name: str, board: Json, panel: Json) -> None:
    """The value that a link hands on is a column of its own table."""
    columns = {
        column
        for change in panel.get("transformations", ())
        for column in change["options"].get("renameByName", {}).values()
    }
    for link in _links(panel):
        assert set(re.findall(r"__data\.fields\.(\w+)", link)) <= columns


@BY_PANEL
def test_no_panel_says_all_is_well_of_what_it_does_not_see(name: str, board: Json, panel: Json) -> None:
    """A 0 comes from a service that was scraped; without one a panel shows that it has no data."""
    assert panel["fieldConfig"]["defaults"].get("noValue", "-") == "-"
    for target in panel["targets"]:
        assert "vector(" not in target["expr"] or "ALERTS" in target["expr"]


@BY_BOARD
def test_ids_and_titles_are_unique(board: Json) -> None:
    """Each panel can be named, by number and by title; each query by its letter."""
    numbers = [panel["id"] for panel in (*board["panels"], *panels(board))]
    titles = [panel["title"] for panel in panels(board)]

    assert len(set(numbers)) == len({id(panel) for panel in (*board["panels"], *panels(board))})
    assert len(set(titles)) == len(titles)
    for panel in panels(board):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


@BY_BOARD
def test_nothing_overlaps_and_nothing_gapes(board: Json) -> None:
    """Panels share no cell of the grid, stay within its 24 columns, and fill their lines."""
    for one, other in itertools.combinations([panel["gridPos"] for panel in board["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart
    lines = itertools.groupby(board["panels"], lambda panel: panel["gridPos"]["y"])
    for _, line in lines:
        line_panels = list(line)
        assert sum(panel["gridPos"]["w"] for panel in line_panels) == 24, [p["title"] for p in line_panels]
        assert len({panel["gridPos"]["h"] for panel in line_panels}) == 1, [p["title"] for p in line_panels]


@BY_BOARD
def test_every_variable_is_used(board: Json) -> None:
    """A variable that no query reads would promise a choice that does nothing."""
    text = str([panels(board), board["templating"]["list"], board["annotations"]])
    for variable in board["templating"]["list"]:
        assert f"${variable['name']}" in text or f"${{{variable['name']}" in text


@BY_PANEL
def test_every_variable_is_known(name: str, board: Json, panel: Json) -> None:
    """A query reads no variable that the dashboard does not have."""
    known = {each["name"] for each in board["templating"]["list"]}
    text = " ".join([panel["title"], panel["description"], *(target["expr"] for target in panel["targets"])])
    used = set(re.findall(r"\$\{?([a-z_]+)", text)) - {"__rate_interval", "__range", "__interval"}

    assert used <= known
    assert "$" not in filled(" ".join(target["expr"] for target in panel["targets"]))


@BY_PANEL
def test_exemplars_lead_to_traces(name: str, board: Json, panel: Json) -> None:
    """Latency panels of requests bring exemplars; nothing else asks for them in vain."""
    for target in panel["targets"]:
        if target["exemplar"]:
            assert "request_duration_seconds_bucket" in target["expr"]
    if panel["title"] in ("Latency", "Latency quantiles", "Latency of the chosen clinics"):
        assert any(target["exemplar"] for target in panel["targets"])
