"""Runs beside each other."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from console.actions.runs.comparison import Change, load_comparison
from console.errors import InvalidInput
from console.records import Run
from console.services import Services
from tests.support.console_app import app, failed, new_case, new_judge, new_user, scored, texts


@pytest.fixture
def runs(console_services: Services) -> list[Run]:
    """Of one text: 3.0, 5.0 and 2.0, an error; the second is by another judge."""
    case = new_case(console_services)
    judge, other = new_judge(console_services, case), new_judge(console_services, case, "Mild")
    return [
        scored(console_services, judge, case, 3.0),
        scored(console_services, other, case, 5.0),
        scored(console_services, judge, case, 2.0),
        failed(console_services, judge, case, "429 Too many requests"),
    ]


def page(services: Services, *run_ids: object) -> AppTest:
    user = services.users.find("ana") or new_user(services)
    return app(user, runs=",".join(map(str, run_ids))).switch_page("console/pages/compare.py").run()


def fields(test: AppTest) -> pd.DataFrame:
    table: pd.DataFrame = test.dataframe[0].value
    return table


def test_scores_are_compared_with_the_first_run(console_services: Services, runs: list[Run]) -> None:
    view = load_comparison(console_services, [run.run_id for run in runs])
    assert [view.change(column) for column in view.others] == [
        Change.IMPROVED,
        Change.REGRESSED,
        Change.NO_COUNTERPART,
    ]


def test_a_missing_counterpart_is_neither_better_nor_worse(console_services: Services, runs: list[Run]) -> None:
    view = load_comparison(console_services, [runs[3].run_id, runs[1].run_id, 999])
    assert view.count(Change.NO_COUNTERPART) == 2
    assert view.count(Change.IMPROVED) == 0


@pytest.mark.parametrize("number", [0, 1, 5])
def test_two_to_four_runs_are_compared(console_services: Services, number: int) -> None:
    with pytest.raises(InvalidInput):
        load_comparison(console_services, list(range(1, number + 1)))


def test_the_header_counts(console_services: Services, runs: list[Run]) -> None:
    said = str([badge.proto for badge in page(console_services, *(run.run_id for run in runs)).get("markdown")])
    assert "1 improved" in said
    assert "1 regressed" in said
    assert "1 no counterpart" in said


def test_only_fields_that_differ_are_shown_at_first(console_services: Services, runs: list[Run]) -> None:
    test = page(console_services, runs[0].run_id, runs[1].run_id)
    assert "Judge" in fields(test).index
    assert "Case" not in fields(test).index
    test.segmented_control(key="compare.fields").set_value("All").run()
    assert list(fields(test).loc["Case"]) == ["Summaries, version 1.0"] * 2
    assert list(fields(test).columns) == [f"Run {runs[0].run_id} (baseline)", f"Run {runs[1].run_id}"]


def test_texts_with_one_beginning_and_one_length_differ(console_services: Services, runs: list[Run]) -> None:
    case = console_services.cases.list()[0]
    judge = console_services.judges.list()[0]
    one = scored(console_services, judge, case, 3.0, text="x" * 500 + "a")
    other = scored(console_services, judge, case, 3.0, text="x" * 500 + "b")
    assert "Evaluated text" in fields(page(console_services, one.run_id, other.run_id)).index


def test_a_run_that_is_gone_says_so(console_services: Services, runs: list[Run]) -> None:
    test = page(console_services, runs[0].run_id, 999)
    assert "There is no such run." in texts(test)
    assert set(fields(test)["Run 999"]) == {"no such run"}


def test_a_run_is_added_and_taken_out(console_services: Services, runs: list[Run]) -> None:
    test = page(console_services, runs[0].run_id)
    assert "Choose one more run" in texts(test)
    test.text_input(key="compare.add").input(str(runs[1].run_id)).run()
    assert test.query_params["runs"] == f"{runs[0].run_id},{runs[1].run_id}"
    test.button(key="compare.drop.0").click().run()
    assert test.query_params["runs"] == str(runs[1].run_id)


def test_more_than_four_runs_are_refused_in_words(console_services: Services, runs: list[Run]) -> None:
    assert "5 runs cannot be compared" in texts(page(console_services, 1, 2, 3, 4, 5))
