"""Charts say in words what they show, and stretch without a style of their own."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from monitor.console import words
from monitor.console.charts import Chart, ChartLine, bar, round_up

TIMES = ["12:00:00", "12:00:30", "12:01:00"]


def chart(*series: ChartLine, bound: float | None = None) -> Chart:
    return Chart("Response time", TIMES, series, words.seconds, bound)


def parsed(markup: Markup) -> ET.Element:
    return ET.fromstring(markup.replace(" hidden>", ">"))


def test_the_sentence_tells_now_and_the_range() -> None:
    """Who cannot see the lines hears each line's last value, its range, and the objective."""
    drawn = chart(ChartLine("P50", [0.01, 0.03, 0.02]), bound=0.1)
    assert drawn.sentence == (
        "Response time since 12:00:00 UTC: P50 is 20 ms now, between 10 ms and 30 ms."
        " The objective is 100 ms."
    )
    plot = parsed(drawn.draw()).find(".//svg[@role='img']")
    assert plot is not None
    assert plot.attrib["aria-label"] == drawn.sentence


def test_nothing_measured_is_said() -> None:
    """A chart without values says so instead of staying silent."""
    assert chart(ChartLine("P50", [None, None, None])).sentence == "Response time: nothing measured yet."
    assert parsed(chart(ChartLine("P50", [None, None, None])).draw()).find(".//polyline") is None


def test_a_gap_parts_the_line() -> None:
    """Where nothing was measured no line is drawn; a lone point still is."""
    drawn = parsed(chart(ChartLine("P50", [0.01, None, 0.03])).draw())
    lines = drawn.findall(".//polyline")
    assert len(lines) == 2
    assert all(len(line.attrib["points"].split()) == 2 for line in lines)


def test_every_value_is_in_the_table() -> None:
    """The data stand below each chart, the latest first."""
    drawn = parsed(chart(ChartLine("P50", [0.01, 0.02, None]), ChartLine("P99", [0.2, 0.3, 0.4])).draw())
    rows = [[cell.text for cell in row] for row in drawn.findall(".//tbody/tr")]
    assert rows == [
        ["12:01:00", "-", "400 ms"],
        ["12:00:30", "20 ms", "300 ms"],
        ["12:00:00", "10 ms", "200 ms"],
    ]


def test_no_chart_has_a_style_of_its_own() -> None:
    """The security policy would drop it."""
    assert " style=" not in chart(ChartLine("P50", [0.01, 0.02, 0.03]), bound=0.1).draw()
    assert " style=" not in bar(1, 2)


@given(st.floats(1e-9, 1e12))
def test_the_axis_ends_at_a_round_number_above(value: float) -> None:
    """The upper end is never below the value, and never much above it."""
    assert value <= round_up(value) * (1 + 1e-9)
    assert round_up(value) <= value * 2.0001


@given(st.lists(st.none() | st.floats(0, 1e6), min_size=3, max_size=3), st.none() | st.floats(0, 1e6))
def test_lines_stay_inside_the_plot(values: list[float | None], bound: float | None) -> None:
    """No point lies outside the picture, whatever the values."""
    for line in parsed(chart(ChartLine("x", values), bound=bound).draw()).findall(".//polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 600
            assert 0 <= y <= 160


def test_a_bar_is_as_long_as_its_part() -> None:
    """Half is half; nothing of nothing is nothing."""
    assert 'width="50.0%"' in bar(1, 2)
    assert 'width="0.0%"' in bar(0, 0)
    assert 'width="100.0%"' in bar(3, 2)
