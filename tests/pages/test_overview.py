"""The Overview, as AppTest sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.records import Run, RunFilter, RunStatus, Snapshot, Verdict, utcnow
from console.services import Services
from tests.support.console_app import app, failed, metrics, new_case, new_judge, new_user, scored, table, texts
from tests.support.tier import artifact, results


@pytest.fixture
def four_runs(console_services: Services) -> Services:
    """Of one case: 5.0 and 2.0 by Strict, 4.0 and an error by Mild."""
    case = new_case(console_services)
    strict, mild = new_judge(console_services, case), new_judge(console_services, case, "Mild", "gpt-4o-mini")
    scored(console_services, strict, case, 5.0)
    scored(console_services, strict, case, 2.0)
    scored(console_services, mild, case, 4.0)
    failed(console_services, mild, case, "429 Too many requests")
    return console_services


def earlier(services: Services, days: int, score: float) -> None:
    """A passed run of Strict, so many days ago."""
    case = services.cases.find_by_name("Summaries")
    judge = next(judge for judge in services.judges.list() if judge.name == "Strict")
    moment = utcnow() - timedelta(days=days)
    run = Run(
        run_id=services.runs.next_ids(),
        status=RunStatus.COMPLETED,
        evaluation_status=Verdict.PASS,
        started_at=moment,
        completed_at=moment,
        judge_id=judge.judge_id,
        case_id=case.case_id,
        judge_snapshot=Snapshot.of(judge, case),
        evaluated_artifact=artifact(),
        results=results(score),
    )
    services.runs.import_finished(run, f"earlier-{run.run_id}")
    services.runs.announce()


def test_the_headline_numbers_are_those_of_all_runs(four_runs: Services) -> None:
    shown = metrics(app(new_user(four_runs)).run())
    assert shown == {
        "Runs": "4",
        "Scored": "75.0 %",
        "Pass rate": "66.7 %",
        "Mean score": "0.667",
        "Mean duration": "750 ms",
        "Tokens": "360",
        "Cost": "$0.0030",
        "Active judges": "2",
    }


def test_runs_of_one_judge_that_were_scored_otherwise_are_marked(four_runs: Services) -> None:
    case = four_runs.cases.find_by_name("Summaries")
    assert case
    judge = next(judge for judge in four_runs.judges.list() if judge.name == "Strict")
    assert "two modes" not in texts(app(new_user(four_runs)).run())
    scored(four_runs, judge, case, 3.0, scoring_mode="sampled")

    test = app(four_runs.users.find("ana")).run()

    assert "One judge has runs of two modes here" in texts(test)
    assert "two modes" in texts(test.switch_page("console/pages/runs.py").run())


def test_a_run_that_failed_is_in_no_average(four_runs: Services) -> None:
    test = app(new_user(four_runs), status="failed").run()
    assert metrics(test)["Runs"] == "1"
    assert metrics(test)["Mean score"] == "–"
    assert metrics(test)["Mean duration"] == "–"


def test_the_filters_narrow_every_number(four_runs: Services) -> None:
    judge = next(judge for judge in four_runs.judges.list() if judge.name == "Strict")
    test = app(new_user(four_runs), judge=judge.judge_id).run()
    assert metrics(test)["Runs"] == "2"
    assert metrics(test)["Mean score"] == "0.625"
    assert "2 of 4 runs" in texts(test)


def test_a_result_filter_counts_and_averages_only_these_runs(four_runs: Services) -> None:
    test = app(new_user(four_runs), result="pass").run()
    assert metrics(test)["Runs"] == "2"
    assert metrics(test)["Pass rate"] == "100.0 %"
    assert metrics(test)["Mean score"] == "0.875"


def test_one_case_shows_the_score_on_its_own_scale(four_runs: Services) -> None:
    case = four_runs.cases.find_by_name("Summaries")
    test = app(new_user(four_runs), case=case.case_id).run()
    assert [metric.proto.delta_description for metric in test.metric if metric.label == "Mean score"] == ["3.667 of 5"]
    assert "with the threshold of the case" in texts(test)


def test_one_case_says_what_people_gave(four_runs: Services) -> None:
    case = four_runs.cases.find_by_name("Summaries")
    older = four_runs.runs.get(four_runs.runs.list(RunFilter(case_id=case.case_id)).items[2].run_id)
    four_runs.labels.save(older, by="ana", score=3.0)
    four_runs.labels.save(older, by="ben", score=4.0)
    test = app(new_user(four_runs), case=case.case_id).run()
    assert "1 run with a human score, mean 3.50 of 5" in texts(test)


def test_a_number_is_compared_with_the_days_before(four_runs: Services) -> None:
    earlier(four_runs, 40, 5.0)
    test = app(new_user(four_runs)).run()
    changes = {metric.label: metric.delta for metric in test.metric}
    assert changes["Runs"] == "+300.0 %"
    assert changes["Scored"] == "-25.0 points"
    assert changes["Mean score"] == "-0.333"


def test_all_days_have_no_days_before(four_runs: Services) -> None:
    earlier(four_runs, 400, 5.0)
    test = app(new_user(four_runs), period="all").run()
    assert metrics(test)["Runs"] == "5"
    assert not any(metric.delta for metric in test.metric)


def test_choosing_a_case_puts_it_into_the_address(four_runs: Services) -> None:
    case = four_runs.cases.find_by_name("Summaries")
    test = app(new_user(four_runs)).run()
    test.selectbox(key="overview.case").select(case.case_id).run()
    assert test.query_params["case"] == case.case_id


def test_clearing_the_filters_keeps_the_days(four_runs: Services) -> None:
    test = app(new_user(four_runs), status="completed", period="7").run()
    test.button(key="overview.clear").click().run()
    assert test.query_params == {"period": "7"}


def test_nonsense_in_the_address_is_ignored(four_runs: Services) -> None:
    test = app(new_user(four_runs), status="broken", period="soon", result="x", **{"from": "never"}).run()
    assert not test.exception
    assert metrics(test)["Runs"] == "4"


def test_performance_is_told_per_judge_with_its_spread(four_runs: Services) -> None:
    test = app(new_user(four_runs)).run()
    by_judge = next(frame.value for frame in test.dataframe if "Judge" in frame.value and "Std dev" in frame.value)
    rows = by_judge.set_index("Judge")
    assert rows.loc["Strict", "Mean"] == pytest.approx(0.625)
    assert rows.loc["Strict", "Std dev"] == pytest.approx(0.530330)
    assert rows.loc["Mild", "Runs"] == 2


def test_the_recent_runs_are_listed_newest_first(four_runs: Services) -> None:
    recent = table(app(new_user(four_runs)).run(), "overview.table")
    assert list(recent["Result"]) == ["✕ Error", "● Pass", "▼ Fail", "● Pass"]


def test_a_click_on_a_recent_run_opens_it(four_runs: Services) -> None:
    newest = four_runs.runs.list(limit=1).items[0].run_id
    test = app(new_user(four_runs)).run()
    test.session_state["lead"] = ("run", {"period": "30", "run": str(newest)})
    test.run()
    assert test.title[0].value == f"Run {newest}"
    assert test.query_params["run"] == str(newest)
    assert test.query_params["period"] == "30"


def test_an_empty_store_counts_what_there_is_and_says_what_comes_next(console_services: Services) -> None:
    test = app(new_user(console_services)).run()
    assert metrics(test) == {"Judges": "0", "Cases": "0", "Metrics": "2", "Models": "0", "Runs": "0", "Documents": "0"}
    assert "Begin with a case" in texts(test)


def test_filters_that_match_nothing_offer_to_be_cleared(four_runs: Services) -> None:
    test = app(new_user(four_runs), status="running").run()
    assert "No runs match these filters" in texts(test)
    test.button(key="overview.clear").click().run()
    assert metrics(test)["Runs"] == "4"


def test_days_without_runs_offer_all_days(four_runs: Services) -> None:
    days = {"period": "custom", "from": "2020-01-01", "to": "2020-01-31"}
    test = app(new_user(four_runs), **days).run()
    assert "No runs in these days" in texts(test)
    test.button(key="overview.all_days").click().run()
    assert metrics(test)["Runs"] == "4"


def test_data_in_memory_only_is_announced(four_runs: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_KIND", "moto")
    test = app(new_user(four_runs)).run()
    assert "kept in memory only" in test.warning[0].value


def test_durable_data_is_not_announced(four_runs: Services) -> None:
    assert not app(new_user(four_runs)).run().warning
