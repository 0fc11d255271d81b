"""Calibrated scores on Agreement and on the page of a run."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from console.records import Case, Drawn, Judge, Role, Run, Selection, User
from console.services import Services
from tests.support.console_app import app, metrics, new_case, new_judge, new_user, scored, texts


def labelled(services: Services, count: int) -> tuple[Case, Judge, list[Run]]:
    case = new_case(services)
    judge = new_judge(services, case)
    runs = [scored(services, judge, case, 1.0 + place % 5) for place in range(count)]
    for place, run in enumerate(runs):
        passed = place % 5 > 2 or place % 7 == 0
        services.labels.save(run, None, passed, by="bo", drawn=Drawn(Selection.RANDOM))
    return case, judge, runs


def agreement(user: User, case: Case, judge: Judge) -> AppTest:
    return app(user, case=case.case_id, judge=judge.judge_id).switch_page("console/pages/agreement.py").run()


def test_an_evaluator_calibrates_a_judge_and_its_runs_say_so(console_services: Services) -> None:
    case, judge, runs = labelled(console_services, 40)
    eva = new_user(console_services, "eva", Role.EVALUATOR)
    test = agreement(eva, case, judge)
    assert "Nobody has calibrated this version yet" in texts(test)
    test.button(key="agreement.calibrate").click().run()
    assert not test.exception
    assert {"Calibration error", "Of the score as it is", "Brier score"} <= set(metrics(test))
    assert "calibration 1: Platt's curve from 40 labels" in texts(test)
    page = app(eva, run=str(runs[4].run_id)).switch_page("console/pages/run.py").run()
    assert "of the runs of this score (95 %:" in texts(page)
    assert "by calibration 1 of the judge's version" in texts(page)


def test_too_few_labels_are_said_and_a_viewer_makes_none(console_services: Services) -> None:
    case, judge, _ = labelled(console_services, 12)
    test = agreement(new_user(console_services, "eva", Role.EVALUATOR), case, judge)
    test.button(key="agreement.calibrate").click().run()
    assert "12 labels are too few" in texts(test)
    viewer = agreement(new_user(console_services), case, judge)
    assert "agreement.calibrate" not in [button.key for button in viewer.button]


def test_the_suggested_threshold_says_which_labels_count(console_services: Services) -> None:
    case, judge, _ = labelled(console_services, 40)
    for _ in range(5):
        console_services.labels.save(scored(console_services, judge, case, 2.0), None, True, by="bo")
    eva = new_user(console_services, "eva", Role.EVALUATOR)

    def page(**query: str) -> AppTest:
        return app(eva, case=case.case_id, **query).switch_page("console/pages/thresholds.py").run()

    test = page()
    assert not test.exception
    assert "40 were drawn with known odds and count for the runs that they stand for; 5 of unknown odds" in texts(test)
    assert "Chosen on 20 runs, checked on 20 others" in texts(test)
    every = page(labels="all")
    assert "Every label counts alike, but 5 do not say with what odds their run was chosen" in texts(every)
    assert "Chosen on 22 runs, checked on 23 others" in texts(every)
