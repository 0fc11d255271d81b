"""Figures: what Plotly accepts, what it reads in the text of data, and where a selection leads."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import plotly.graph_objects as go
import pytest

from console.actions.runs.totals import Tally
from console.records import RunStatus, RunSummary, Verdict
from console.ui.charts import charts, run_points
from console.ui.charts.figures import Figure, Panel, evened, shown, stacked
from console.ui.charts.leads import merged
from console.ui.runs import run_charts
from tests.support.tier import bins_of

DAY = date(2026, 11, 2)
HOSTILE = '<a href="http://evil.example">x</a> %{customdata[0]} <b>'
TALLY = Tally(
    completed=3,
    passed=2,
    rejected=1,
    normalized_sum=1.8,
    bins=list(bins_of({20: 1, 80: 2})),
    cost=0.2,
    seconds=3,
    timed=3,
)
ROW = RunSummary(
    run_id=7,
    started_at=datetime(2026, 11, 2, 10, tzinfo=UTC),
    status=RunStatus.COMPLETED,
    evaluation_status=Verdict.PASS,
    judge_id="j",
    judge_name=HOSTILE,
    judge_version="2.0",
    case_name=HOSTILE,
    model_name=HOSTILE,
    final_score_normalized=1.0,
    execution_time_seconds=2.0,
)
PANELS = [
    pytest.param(charts.runs_over_time({DAY: TALLY}), id="runs"),
    pytest.param(charts.runs_over_time({DAY: Tally()}), id="no runs"),
    pytest.param(charts.score_over_time({DAY: TALLY}, 0.5), id="mean"),
    pytest.param(charts.score_histogram(bins_of({20: 1, 100: 2}), 0.5), id="histogram"),
    pytest.param(charts.score_by_judge({HOSTILE: TALLY}, 0.5, {HOSTILE: "j"}), id="boxes"),
    pytest.param(charts.cost_over_time({HOSTILE: {DAY: TALLY}}), id="cost"),
    pytest.param(charts.quality_and_spend({HOSTILE: TALLY}, {HOSTILE: "j"}), id="spend"),
    pytest.param(run_points.runs_scatter([ROW], {"j": HOSTILE}, 0.5), id="points"),
    pytest.param(run_points.duration_scatter([ROW], {"j": HOSTILE}, {}), id="durations"),
    pytest.param(run_points.versions_over_time([ROW], {"j": HOSTILE}), id="versions"),
    pytest.param(run_charts.responses_strip([3, 3, 4], 1, 5, {"Score": 3.3}), id="responses"),
    pytest.param(run_charts.probabilities({"3": 0.4, HOSTILE: 0.6}), id="probabilities"),
]


@pytest.mark.parametrize("panel", PANELS)
def test_plotly_accepts_every_chart(panel: Panel) -> None:
    assert go.Figure(stacked(panel, panel, shared_x=True)).data is not None


@pytest.mark.parametrize("panel", PANELS)
def test_text_of_data_is_neither_html_nor_part_of_a_template(panel: Panel) -> None:
    said = go.Figure(_unled(stacked(panel))).to_json()
    assert "<a" not in str(json.loads(said))
    assert "%{customdata[0]}" not in said


@pytest.mark.parametrize(("points", "kind"), [(2_999, "scatter"), (3_000, "scattergl")])
def test_many_points_are_drawn_with_webgl_and_few_without(points: int, kind: str) -> None:
    trace = {"type": "scattergl", "x": [0] * points, "y": [0] * points}
    assert stacked(Panel([trace], "Points."))["data"][0]["type"] == kind


def test_long_names_have_room_beside_an_axis() -> None:
    long = charts.score_by_judge({"A judge with a very long name": TALLY}, None, {})
    assert stacked(long)["layout"]["margin"]["l"] > 29 * 6


@pytest.mark.parametrize("panel", PANELS)
def test_every_chart_says_its_finding(panel: Panel) -> None:
    assert panel.finding.endswith(".")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
        ("a\n  b", "a b"),
        ("&lt;", "&amp;lt;"),
        ("x" * 100, "x" * 59 + "…"),
        ("%{x}", "%\u2060{x}"),
    ],
)
def test_text_is_shown_character_by_character(words: str, expected: str) -> None:
    assert shown(words) == expected


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([], {}),
        ([{"run": "7", "from": "2026-11-02"}], {"run": "7", "from": "2026-11-02"}),
        (
            [{"from": "2026-11-02", "to": "2026-11-02"}, {"from": "2026-11-01", "to": "2026-11-05"}],
            {"from": "2026-11-01", "to": "2026-11-05"},
        ),
        ([{"result": "pass", "from": "2026-11-01"}, {"result": "fail", "from": "2026-11-03"}], {"from": "2026-11-01"}),
        ([{"score_from": "0.20", "score_below": "0.24"}, {"score_from": "0.96"}], {"score_from": "0.20"}),
        ([{"judge": "a"}, {"judge": "a"}], {"judge": "a"}),
        ([{"run": "7"}, {"run": "8"}], {"only": "7,8"}),
        ([{"run": "7", "judge": "a"}, {"judge": "a"}], {"judge": "a"}),
        ([{"run": str(number), "judge": "a"} for number in range(201)], {"judge": "a"}),
    ],
)
def test_a_selection_leads_to_what_was_caught_or_the_smallest_filter_that_holds_it(
    targets: list[dict[str, str]], expected: dict[str, str]
) -> None:
    assert merged(targets) == expected


def _unled(figure: Figure) -> Figure:
    """The figure without the targets of its marks, which nobody sees."""
    for trace in figure["data"]:
        trace["customdata"] = [[{}, *one[1:]] if isinstance(one, list) else one for one in trace.get("customdata", [])]
    return figure


def test_figures_side_by_side_are_of_one_height() -> None:
    low, high = [Panel([], ""), Panel([], "")], [Panel([], "", names=3), Panel([], ""), Panel([], "", height=151)]
    left, right, nothing = evened(low, high, [])
    assert stacked(*left)["layout"]["height"] == stacked(*high)["layout"]["height"]
    assert right == high
    assert nothing == []
