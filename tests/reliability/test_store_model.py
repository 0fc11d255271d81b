"""R7: whatever two processes do in any order, the store says what a dictionary says. Also through faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from console.data.runs.rollups.recount import verify
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, NotFound
from console.records import Case, Judge, Run, RunFilter, RunStatus, Threshold, Verdict
from tests.conftest import new_store
from tests.support.fakes import FakeClock
from tests.support.faults.proxy import FaultProxy, Faults
from tests.support.seams import Ticks
from tests.support.tier import (
    Tier,
    all_pages,
    artifact,
    items_of,
    new_case,
    new_judge,
    recount,
    results,
    said,
    snapshot,
    stored_runs,
    tier,
)

FAULTS = Faults(throttle=0.05, conflict=0.05, error=0.04, reset=0.03, lost=0.05)
NAMES = st.sampled_from(["Tone", "tone", "Voice", "VOICE ", "Flow", "Ärger", "x y"])
ANY = st.integers(0, 10**6)
"""Picks one of what there is."""
MARKS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
SCORES = st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0, 4.6, 5.0])
EVER = (date(2026, 1, 1), date(2027, 12, 31))


@dataclass
class Versions:
    """What the dictionary knows of a case or a judge."""

    texts: list[tuple[str | None, str]]
    """Name and text of each version, oldest first."""
    current: int | None = 0
    """The version in force."""
    latest: int = 0
    """The version that was in force last: it holds the name."""
    revision: int = 1
    marks: list[float] = field(default_factory=list)
    """Threshold of each version; one that comes into force takes the mark that is in force (cases)."""
    ledger: list[float] = field(default_factory=list)
    """Every mark that was set, newest first (cases)."""
    case_id: str = ""

    def force(self, place: int) -> None:
        self.current = self.latest = place
        self.revision += 1


@dataclass
class Finished:
    """What the dictionary knows of a run."""

    owner: int
    """The process that made it, which alone moves and labels it: its lists show its own writes for a while."""
    judge_id: str
    started: datetime
    status: str = "pending"
    verdict: str = "pending"
    score: float | None = None
    labels: dict[str, float] = field(default_factory=dict)


class StoreModel(RuleBasedStateMachine):
    """Two processes over one store."""

    client: ClassVar[Any]
    """Through which the store is reached."""
    plain_client: ClassVar[Any]
    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        prefix = new_store(self.plain_client).prefix
        self.store = Store(self.client, prefix=prefix, sleep=lambda seconds: time.sleep(seconds / 10))
        self.plain = Store(self.plain_client, prefix=prefix)
        self.clock, self.ticks = FakeClock(datetime(2026, 3, 10, 23, 50, tzinfo=UTC)), Ticks()
        self.processes = [tier(self.store, clock=self.clock, ticks=self.ticks) for _ in range(2)]
        self.catalog = tier(self.plain)
        self.catalog.catalog.ensure_defaults()
        self.catalog.catalog.create_model("gpt-4o", "openai", by="ana")
        self.cases: dict[str, Versions] = {}
        self.judges: dict[str, Versions] = {}
        self.runs: dict[int | str, Finished] = {}

    def process(self, which: int) -> Tier:
        """Time passes before each step: enough for the change tokens to be looked at."""
        type(self).steps += 1
        self.clock.advance(seconds=1 + which % 5_000)
        self.ticks.advance(1.0)
        return self.processes[which % 2]

    def holder(self, name: str) -> str | None:
        folded = name.strip().lower()
        return next((one for one, case in self.cases.items() if case.texts[case.latest][0].lower() == folded), None)

    # --- cases ---------------------------------------------------------------------------------------

    @rule(which=ANY, name=NAMES, mark=MARKS)
    def create_case(self, which: int, name: str, mark: float) -> None:
        cases = self.process(which).cases
        if self.holder(name):
            with pytest.raises(AlreadyExists):
                new_case(cases, name)
            return
        made = new_case(cases, name, threshold=Threshold(score=mark))
        self.cases[made.case_id] = Versions([(name.strip(), "")], marks=[mark], ledger=[mark])

    @precondition(lambda self: self.cases)
    @rule(which=ANY, pick=ANY, name=NAMES, text=st.text(max_size=5), mark=st.none() | MARKS, based=st.booleans())
    def edit_case(self, which: int, pick: int, name: str, text: str, mark: float | None, based: bool) -> None:
        cases, (case_id, known) = self.process(which).cases, picked(self.cases, pick)
        changes: dict[str, Any] = {"name": name, "description": text}
        if mark is not None:
            changes["threshold"] = Threshold(score=mark)

        def edit() -> Case:
            return cases.update(case_id, changes, by="ana", revision=known.revision if based else None)

        if known.current is None:
            with pytest.raises(NotFound):
                edit()
        elif self.holder(name) not in (None, case_id):
            with pytest.raises(AlreadyExists):
                edit()
        else:
            edit()
            known.marks.append(known.marks[known.current] if mark is None else mark)
            known.ledger = known.ledger if mark is None else [mark, *known.ledger]
            known.texts.append((name.strip(), text))
            known.force(len(known.texts) - 1)

    @precondition(lambda self: self.cases)
    @rule(which=ANY, pick=ANY, mark=MARKS)
    def move_mark(self, which: int, pick: int, mark: float) -> None:
        cases, (case_id, known) = self.process(which).cases, picked(self.cases, pick)
        if known.current is None:
            with pytest.raises(NotFound):
                cases.set_threshold(case_id, Threshold(score=mark), by="bea", reason="r")
            return
        cases.set_threshold(case_id, Threshold(score=mark), by="bea", reason="r", revision=known.revision)
        known.marks[known.current] = mark
        known.ledger.insert(0, mark)
        known.revision += 1

    @precondition(lambda self: self.cases)
    @rule(which=ANY, pick=ANY)
    def edit_a_case_that_somebody_else_changed(self, which: int, pick: int) -> None:
        cases, (case_id, known) = self.process(which).cases, picked(self.cases, pick)
        with pytest.raises(NotFound if known.current is None else ConflictError):
            cases.update(case_id, {"description": "late"}, by="ana", revision=known.revision - 1)

    @precondition(lambda self: self.cases)
    @rule(which=ANY, pick=ANY, version=ANY)
    def activate_case(self, which: int, pick: int, version: int) -> None:
        cases, (case_id, known) = self.process(which).cases, picked(self.cases, pick)
        place = version % len(known.texts)
        if self.holder(known.texts[place][0] or "") not in (None, case_id):
            with pytest.raises(AlreadyExists):
                cases.activate(case_id, f"{place + 1}.0", by="bea")
            return
        cases.activate(case_id, f"{place + 1}.0", by="bea")
        if known.current != place:
            known.marks[place] = known.marks[known.latest]
            known.force(place)

    @precondition(lambda self: self.cases)
    @rule(which=ANY, pick=ANY)
    def deactivate_case(self, which: int, pick: int) -> None:
        deactivate(self.process(which).cases.deactivate, *picked(self.cases, pick))

    # --- judges --------------------------------------------------------------------------------------

    @precondition(lambda self: any(case.current is not None for case in self.cases.values()))
    @rule(which=ANY, pick=ANY, name=st.none() | st.text(max_size=5))
    def create_judge(self, which: int, pick: int, name: str | None) -> None:
        process = self.process(which)
        case_id, _ = picked({one: case for one, case in self.cases.items() if case.current is not None}, pick)
        made = new_judge(process, process.cases.get(case_id), name)
        self.judges[made.judge_id] = Versions([(name, "")], case_id=case_id)

    @precondition(lambda self: self.judges)
    @rule(which=ANY, pick=ANY, name=st.none() | st.text(max_size=5))
    def edit_judge(self, which: int, pick: int, name: str | None) -> None:
        judges, (judge_id, known) = self.process(which).judges, picked(self.judges, pick)
        if known.current is None:
            with pytest.raises(NotFound):
                judges.update(judge_id, {"name": name}, by="ana")
            return
        judges.update(judge_id, {"name": name}, by="ana", revision=known.revision)
        known.texts.append((name, ""))
        known.force(len(known.texts) - 1)

    @precondition(lambda self: self.judges)
    @rule(which=ANY, pick=ANY)
    def edit_a_judge_that_somebody_else_changed(self, which: int, pick: int) -> None:
        judges, (judge_id, known) = self.process(which).judges, picked(self.judges, pick)
        with pytest.raises(NotFound if known.current is None else ConflictError):
            judges.update(judge_id, {"name": "late"}, by="ana", revision=known.revision - 1)

    @precondition(lambda self: self.judges)
    @rule(which=ANY, pick=ANY, version=ANY)
    def activate_judge(self, which: int, pick: int, version: int) -> None:
        judges, (judge_id, known) = self.process(which).judges, picked(self.judges, pick)
        place = version % len(known.texts)
        judges.activate(judge_id, f"{place + 1}.0", by="bea")
        if known.current != place:
            known.force(place)

    @precondition(lambda self: self.judges)
    @rule(which=ANY, pick=ANY)
    def deactivate_judge(self, which: int, pick: int) -> None:
        deactivate(self.process(which).judges.deactivate, *picked(self.judges, pick))

    # --- runs ----------------------------------------------------------------------------------------

    @rule(which=ANY, judge=st.sampled_from(["judge-1", "judge#2"]))
    def create_run(self, which: int, judge: str) -> None:
        made = self.process(which).runs.create(snapshot(judge), artifact(), by="ana")
        assert made.run_id not in self.runs
        self.runs[made.run_id] = Finished(which % 2, judge, self.clock.now)

    @precondition(lambda self: self.runs)
    @rule(which=ANY, pick=ANY, act=st.sampled_from(["start", "fail", "complete"]), score=SCORES)
    def move_run(self, which: int, pick: int, act: str, score: float) -> None:
        run_id, known = picked(self.runs, pick)
        runs = self.process(which // 2 * 2 + known.owner).runs
        run = runs.get(run_id)

        def move() -> Run:
            if act == "complete":
                return runs.complete(run, results(score), threshold=0.5)
            return runs.start(run) if act == "start" else runs.fail(run, "no")

        if known.status in ("completed", "failed"):
            with pytest.raises(ConflictError):
                move()
            return
        move()
        known.status = {"start": "running", "fail": "failed", "complete": "completed"}[act]
        if act == "complete":
            known.score, known.verdict = score, "pass" if score >= 3 else "fail"

    @precondition(lambda self: any(run.score is not None for run in self.runs.values()))
    @rule(which=ANY, pick=ANY, by=st.sampled_from(["ana", "bea"]), score=st.none() | SCORES)
    def label_run(self, which: int, pick: int, by: str, score: float | None) -> None:
        run_id, known = picked({one: run for one, run in self.runs.items() if run.score is not None}, pick)
        process = self.process(which // 2 * 2 + known.owner)
        run = process.runs.get(run_id)
        if score is not None:
            process.labels.save(run, score=score, by=by)
            known.labels[by] = score
        elif by in known.labels:
            process.labels.remove(run, by)
            del known.labels[by]
        else:
            with pytest.raises(NotFound):
                process.labels.remove(run, by)

    # --- looking -------------------------------------------------------------------------------------

    @rule(which=ANY)
    def look_at_the_lists(self, which: int) -> None:
        self.same_lists(self.process(which))

    @rule(which=ANY, pick=ANY)
    def look_at_one_of_each(self, which: int, pick: int) -> None:
        process = self.process(which)
        for case_id, case in list(self.cases.items())[pick % 3 : pick % 3 + 1]:
            self.same_case(process, case_id, case)
        for judge_id, judge in list(self.judges.items())[pick % 3 : pick % 3 + 1]:
            self.same_judge(process, judge_id, judge)

    @rule(
        which=ANY, limit=st.integers(1, 5), status=st.sampled_from(RunStatus), judge=st.sampled_from(["judge-1", "x"])
    )
    def look_at_runs(self, which: int, limit: int, status: RunStatus, judge: str) -> None:
        runs = self.process(which).runs
        newest_first = sorted(self.runs, key=lambda one: self.runs[one].started, reverse=True)
        assert all_pages(runs, limit=limit) == newest_first
        assert all_pages(runs, RunFilter(status=status), limit=limit) == [
            one for one in newest_first if self.runs[one].status == status
        ]
        assert all_pages(runs, RunFilter(judge_id=judge, verdict=Verdict.FAIL), limit=limit) == [
            one for one in newest_first if (self.runs[one].judge_id, self.runs[one].verdict) == (judge, "fail")
        ]

    def same_lists(self, process: Tier) -> None:
        cases = {case.case_id: case for case in process.cases.list()}
        assert {one: (case.name, case.description, case.threshold.score) for one, case in cases.items()} == {
            one: (*case.texts[case.current], case.marks[case.current])
            for one, case in self.cases.items()
            if case.current is not None
        }
        judges = {judge.judge_id: judge.name for judge in process.judges.list()}
        assert judges == {
            one: judge.texts[judge.current][0] for one, judge in self.judges.items() if judge.current is not None
        }
        labelled = [row.run_id for row in process.runs.list(RunFilter(case_id="case-1", labelled=True)).items]
        assert sorted(labelled, key=str) == sorted((one for one, run in self.runs.items() if run.labels), key=str)

    def same_case(self, process: Tier, case_id: str, known: Versions) -> None:
        versions: list[Case] = process.cases.versions(case_id)[::-1]
        assert [one.version for one in versions] == [f"{place + 1}.0" for place in range(len(known.texts))]
        assert [(one.name, one.description) for one in versions] == known.texts
        assert [one.threshold.score for one in versions] == known.marks
        assert [one.active for one in versions] == [place == known.current for place in range(len(known.texts))]
        assert max(one.revision for one in versions) == known.revision
        history = process.thresholds.history(versions[-1])
        assert [entry.score for entry in history] == known.ledger
        name = known.texts[known.latest][0] or ""
        found = process.cases.find_by_name(name)
        assert (found.case_id if found else None) == (case_id if known.current is not None else None)

    def same_judge(self, process: Tier, judge_id: str, known: Versions) -> None:
        versions: list[Judge] = process.judges.versions(judge_id)[::-1]
        assert [one.name for one in versions] == [name for name, _ in known.texts]
        assert [one.active for one in versions] == [place == known.current for place in range(len(known.texts))]
        assert max(one.revision for one in versions) == known.revision
        of_case = {judge.judge_id for judge in process.judges.of_case(known.case_id)}
        assert of_case == {
            one for one, judge in self.judges.items() if judge.case_id == known.case_id and judge.current is not None
        }

    def teardown(self) -> None:
        if not hasattr(self, "runs"):
            return
        fresh = tier(self.plain, clock=self.clock)
        self.ticks.advance(10.0)
        for process in (fresh, *self.processes):
            self.same_lists(process)
        for case_id, case in self.cases.items():
            self.same_case(fresh, case_id, case)
        for judge_id, judge in self.judges.items():
            self.same_judge(fresh, judge_id, judge)
        held = {
            item["partitionKey"]["S"].removeprefix("NAME#CASE#"): item["owner"]["S"]
            for item in items_of(self.plain, tables.CASES, "NAME#")
        }
        assert held == {(case.texts[case.latest][0] or "").lower(): one for one, case in self.cases.items()}
        stored = stored_runs(self.plain, fresh)
        assert {run.run_id: (run.status, run.results.final_score if run.results else None) for run in stored} == {
            one: (run.status, run.score) for one, run in self.runs.items()
        }
        for run_id, run in self.runs.items():
            assert {label.labelled_by: label.score for label in fresh.labels.of(run_id)} == run.labels
        expected = recount(stored)
        for process in (fresh, *self.processes):
            assert said(process.rollups.read(*EVER)) == expected
        assert verify(self.plain) == []


def picked(things: dict[Any, Any], pick: int) -> tuple[Any, Any]:
    """One of the things, by a number."""
    return list(things.items())[pick % len(things)]


def deactivate(act: Callable[..., None], record_id: str, known: Versions) -> None:
    """Takes a case or a judge out of use, if it is in use."""
    if known.current is None:
        with pytest.raises(NotFound):
            act(record_id, by="ana")
        return
    act(record_id, by="ana", revision=known.revision)
    known.current = None
    known.revision += 1


@pytest.fixture(params=["directly", "through faults"])
def model(request: pytest.FixtureRequest, engine_endpoint: str, engine_client: Any) -> Iterator[type[StoreModel]]:
    with ExitStack() as stack:
        client = engine_client
        if request.param == "through faults":
            proxy = stack.enter_context(FaultProxy(engine_endpoint, seed=11))
            proxy.plan(FAULTS)
            client = stack.enter_context(closing(make_client("us-east-1", proxy.endpoint)))
        yield type("Model", (StoreModel,), {"client": client, "plain_client": engine_client, "steps": 0})


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("steps", [500, pytest.param(20_000, marks=pytest.mark.slow)])
def test_the_store_says_what_a_dictionary_says(
    model: type[StoreModel], steps: int, request: pytest.FixtureRequest, record_property: Callable[[str, Any], None]
) -> None:
    examples = settings(
        max_examples=20,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    while model.steps < steps:
        run_state_machine_as_test(model, settings=examples)
    record_property(f"R7 {request.node.callspec.id}", f"0 divergences in {model.steps} steps")
