"""For how many runs a label speaks: labels of several queues, of files, of other times, and of every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from console.actions.labels import review
from console.actions.labels.corrected import Conclusion, conclude
from console.actions.labels.designs import weigh, with_known_odds
from console.actions.labels.population import Asked
from console.actions.labels.review import chance, load_queue, place_of
from console.actions.runs.labelled import LabelledRun, load_labelled
from console.judging.analysis.corrected import Sample, corrected_rate
from console.records import Case, Drawn, Frame, Judge, Run, RunStatus, RunSummary, Selection
from console.services import Services
from tests.support.console_app import new_judge, scored

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRAME = Frame(NOON, NOON + timedelta(hours=1), 1_000)


def runs_of(services: Services, case: Case, judge: Judge, count: int) -> list[Run]:
    return [scored(services, judge, case, 2.0 if place % 2 else 5.0) for place in range(count)]


def label_next(services: Services, case: Case, count: int, selection: Selection = Selection.RANDOM, **of: str) -> None:
    """The next runs of a queue: people pass what the judge gives a 5."""
    for one in load_queue(services, case.case_id, selection=selection, **of).candidates[:count]:
        run = services.runs.get(one.row.run_id)
        services.labels.save(run, None, one.row.final_score == 5.0, by="ann", drawn=one.drawn)


def concluded(services: Services, case: Case, judge_id: str | None = None) -> Conclusion:
    return conclude(services, load_labelled(services, case.case_id, judge_id=judge_id), Asked(judge_id))


def test_the_figures_are_for_the_runs_that_the_queue_drew_from(
    console_services: Services, case: Case, judge: Judge
) -> None:
    runs_of(console_services, case, judge, 30)
    label_next(console_services, case, 20)
    assert (concluded(console_services, case).runs, concluded(console_services, case).warnings) == (30, [])
    for _ in range(30):
        scored(console_services, judge, case, 1.0)
    found = concluded(console_services, case)
    assert (found.runs, found.asked, found.judged_rate) == (30, 60, 0.5)
    assert found.rate.estimate.value == pytest.approx(0.5)
    assert any("from 30 of the 60 runs" in one for one in found.warnings)


def test_a_queue_of_the_latest_runs_does_not_speak_for_older_ones(
    console_services: Services, case: Case, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        scored(console_services, judge, case, 1.0)
    runs_of(console_services, case, judge, 30)
    monkeypatch.setattr(review, "EXAMINED", 30)
    label_next(console_services, case, 20)
    found = concluded(console_services, case)
    assert (found.runs, found.asked, found.judged_rate) == (30, 60, 0.5)
    assert any("for these only" in one for one in found.warnings)


def test_labels_of_one_judges_queue_do_not_speak_for_the_case(
    console_services: Services, case: Case, judge: Judge
) -> None:
    mild = new_judge(console_services, case, "Mild")
    runs_of(console_services, case, judge, 30)
    runs_of(console_services, case, mild, 30)
    label_next(console_services, case, 20, judge_id=judge.judge_id)
    found = concluded(console_services, case)
    assert (found.runs, found.asked, found.used) == (30, 60, 20)
    assert any("those of 1 judge(s)" in one for one in found.warnings)
    label_next(console_services, case, 30)
    found = concluded(console_services, case)
    assert (found.runs, found.used, found.left_out) == (60, 50, 0)
    assert found.rate.estimate.value == pytest.approx(0.5, abs=0.02)


def test_a_queue_of_one_judge_out_of_too_many_runs_is_a_sample_of_its_own(
    console_services: Services, case: Case, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    mild = new_judge(console_services, case, "Mild")
    runs_of(console_services, case, judge, 30)
    runs_of(console_services, case, mild, 30)
    monkeypatch.setattr(review, "EXAMINED", 40)
    label_next(console_services, case, 20, judge_id=judge.judge_id)
    waiting = {one.row.run_id for one in load_queue(console_services, case.case_id).candidates}
    assert len(waiting) == 40
    newest = [one for one in load_queue(console_services, case.case_id).candidates if one.row.judge_id == mild.judge_id]
    for one in newest[:12]:
        run = console_services.runs.get(one.row.run_id)
        console_services.labels.save(run, None, True, by="ann", drawn=one.drawn)
    found = concluded(console_services, case)
    assert (found.used, found.left_out) == (12, 20)
    assert any("20 of the 32 labelled runs were drawn from the runs of one judge only" in one for one in found.warnings)
    assert concluded(console_services, case, judge.judge_id).used == 20


def test_a_label_by_hand_waits_until_its_run_is_drawn(console_services: Services, case: Case, judge: Judge) -> None:
    run = runs_of(console_services, case, judge, 12)[0]
    console_services.labels.save(run, 5.0, by="ann")
    queue = load_queue(console_services, case.case_id)
    assert len(queue.candidates) == 12
    console_services.labels.save(run, 5.0, by="ann", drawn=queue.candidates[0].drawn)
    assert len(load_queue(console_services, case.case_id).candidates) == 11


def test_a_run_that_was_opened_by_its_address_was_not_drawn(
    console_services: Services, case: Case, judge: Judge
) -> None:
    runs_of(console_services, case, judge, 40)
    queue = load_queue(console_services, case.case_id)
    assert queue.drawn(queue.candidates[0].row.run_id) == queue.candidates[0].drawn
    assert queue.drawn(queue.candidates[39].row.run_id) is None
    skipped = [str(one.row.run_id) for one in queue.candidates[:20]]
    assert queue.drawn(queue.candidates[39].row.run_id, skipped) is not None


def test_when_people_labelled_every_run_the_rate_is_theirs(
    console_services: Services, case: Case, judge: Judge
) -> None:
    for place, run in enumerate(runs_of(console_services, case, judge, 20)):
        console_services.labels.save(run, None, place < 7, by="ann")
    found = concluded(console_services, case)
    assert (found.rate.estimate.value, found.used) == (pytest.approx(0.35), 20)
    assert found.rate.estimate.high - found.rate.estimate.low < 1e-6
    assert any("People labelled every run" in one for one in found.warnings)


def test_files_and_queues_over_other_runs_do_not_mix(
    console_services: Services, case: Case, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = runs_of(console_services, case, judge, 30)
    runs_of(console_services, case, judge, 30)
    for run in old[:5]:
        console_services.labels.save(run, None, True, by="ann", drawn=Drawn(Selection.RANDOM))
    monkeypatch.setattr(review, "EXAMINED", 30)
    label_next(console_services, case, 12)
    found = concluded(console_services, case)
    assert (found.runs, found.used) == (30, 12)
    assert any("5 labels of runs outside of those that the queue drew from" in one for one in found.warnings)
    for run in old[5:]:
        console_services.labels.save(run, None, True, by="ann", drawn=Drawn(Selection.RANDOM))
    found = concluded(console_services, case)
    assert (found.runs, found.used) == (60, 30)
    assert any("12 labels are left out" in one for one in found.warnings)


# --- mixed designs, against simulated truth ----------------------------------------------------------------


def drawn_run(run_id: int, score: float, passed: bool, drawn: Drawn) -> LabelledRun:
    row = RunSummary(
        run_id=run_id, started_at=NOON, status=RunStatus.COMPLETED, final_score_normalized=score, drawn=drawn,
        label_passed=passed, case_id="c",
    )  # fmt: skip
    return LabelledRun(row, score, None, passed)


def mixed_sample(seed: int, counts: dict[Selection, int]) -> tuple[list[LabelledRun], float, float]:
    """Runs labelled from one queue after another; the truth, and the judge's mean over all."""
    dice = np.random.default_rng(seed)
    scores = dice.beta(4, 2, 1_000)
    people = dice.random(1_000) < scores**2
    rows = [
        RunSummary(run_id=seed * 1_000 + place, started_at=NOON, status=RunStatus.COMPLETED, final_score_normalized=x)
        for place, x in enumerate(scores)
    ]
    odds = {one: review._odds(review._sizes(rows, [0.0] * 1_000, 0.6, one)) for one in review.QUEUES}
    found: dict[int, LabelledRun] = {}
    for selection, count in counts.items():
        drawn = [
            Drawn(
                selection,
                odds[selection][place],
                msgspec.structs.replace(FRAME, odds={one.value: odds[one][place] for one in review.QUEUES}),
            )
            for place in range(1_000)
        ]
        order = sorted(range(1_000), key=lambda place, drawn=drawn: place_of(rows[place].run_id, drawn[place]))
        waiting = [place for place in order if place not in found]
        for place in waiting[:count]:
            found[place] = drawn_run(int(rows[place].run_id), scores[place], bool(people[place]), drawn[place])
    return list(found.values()), float(people.mean()), float(scores.mean())


@pytest.mark.parametrize(
    "counts",
    [
        {Selection.UNCERTAIN: 40, Selection.RANDOM: 40},
        {Selection.STRATIFIED: 60, Selection.UNCERTAIN: 20},
        {Selection.RANDOM: 30, Selection.STRATIFIED: 30, Selection.UNCERTAIN: 30},
    ],
)
def test_labels_of_several_queues_are_one_sample(counts: dict[Selection, int]) -> None:
    errors, held = [], 0
    for seed in range(1, 121):
        runs, truth, mean_score = mixed_sample(seed, counts)
        weighed = weigh(with_known_odds(runs, None))
        sample = Sample.of([one.judge for one in weighed.runs], weighed.odds(1_000))
        found = corrected_rate(sample, [one.passed for one in weighed.runs], runs=1_000, mean_score=mean_score).estimate
        errors.append(found.value - truth)
        held += found.low <= truth <= found.high
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(120)
    assert held >= 106  # of 120: 95 % less three standard errors


def test_the_chance_of_a_run_is_its_own_in_every_queue() -> None:
    assert chance(7) == chance(7) != chance(8)
    assert place_of(7, Drawn(Selection.RANDOM, 0.5)) == 2 * chance(7)


def test_samples_from_files_count_by_their_size() -> None:
    runs = [drawn_run(place, 0.5, True, Drawn(Selection.RANDOM)) for place in range(30)]
    runs += [drawn_run(100 + place, 0.5, True, Drawn(Selection.STRATIFIED, 0.1)) for place in range(10)]
    weighed = weigh(with_known_odds(runs, None))
    assert weighed.samples == 2
    assert weighed.weights.sum() == pytest.approx(1)
    assert weighed.weights[:30].sum() == pytest.approx(0.75)
    assert list(weighed.odds(400)) == pytest.approx([0.1] * 40)


def test_queues_over_runs_of_other_times_are_samples_of_those_times() -> None:
    later = Frame(NOON + timedelta(days=9), NOON + timedelta(days=10), 500)
    runs = [drawn_run(place, 0.5, True, Drawn(Selection.RANDOM, 0.1, FRAME)) for place in range(100)]
    runs += [drawn_run(200 + place, 0.5, True, Drawn(Selection.RANDOM, 0.2, later)) for place in range(100)]
    known = with_known_odds(runs, None)
    assert [len(some) for some in known.rounds] == [100, 100]
    assert known.hull is not None
    assert (known.hull.first, known.hull.last, known.hull.runs) == (FRAME.first, later.last, 1_500)
