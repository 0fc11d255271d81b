"""Test sets from files and runs, experiments over them, what changed from the baseline, and what the gate says."""

from __future__ import annotations

import json
import xml.etree.ElementTree as Xml
from collections.abc import Sequence

import msgspec
import pytest

from console.actions.batches import batches
from console.actions.labels.labels import save_label
from console.actions.sets import experiments, gate, outputs, sets
from console.actions.sets.comparison import Pairing, compare
from console.actions.sets.files import columns_of, content_key, items_of
from console.actions.sets.gate import Asked, Outcome
from console.actions.sets.reports import as_json, as_junit, as_markdown, as_text, experiment_json, experiment_text
from console.actions.sets.results import load_results
from console.errors import AlreadyExists, ConflictError, Forbidden, InvalidInput, NotFound
from console.judging.providers.port import Call, Reply
from console.records import (
    BatchState,
    Drawn,
    Experiment,
    Judge,
    Role,
    RunFilter,
    Selection,
    SetItem,
    TestSet,
    User,
)
from console.services import Services
from console.tabular.files import FileForm, Problem, TabularFile
from tests.support import scripted
from tests.support.console_app import new_case, new_judge, new_user, scored
from tests.support.scripted import ScriptedProvider

CSV = """id,question,reference,tags,topic
q1,What is red?,A colour,"short; colour",a
q2,What is blue?,A colour,colour,b
q3,What is old?,An age,,a
"""


@pytest.fixture
def services(console_services: Services) -> Services:
    provider = ScriptedProvider(_by_text)
    console_services.judging.providers.known["openai"] = provider
    return console_services


@pytest.fixture
def ana(services: Services) -> User:
    return new_user(services, "ana", Role.EVALUATOR)


@pytest.fixture
def judge(services: Services) -> Judge:
    return new_judge(services, new_case(services))


def _by_text(call: Call) -> Reply:
    """5 for good texts, 3 for fair ones, 1 for awful ones, junk for junk."""
    prompt = str(call)
    if "junk" in prompt:
        return scripted.replied(["I will not."])
    return scripted.always(1 if "awful" in prompt else 3 if "fair" in prompt else 5)(call)


def table(content: str, name: str = "items.csv") -> TabularFile:
    return TabularFile.of(name, content.encode())


def made(services: Services, actor: User, content: str = CSV, name: str = "Questions") -> TestSet:
    test_set = sets.make_set(services, actor, name)
    return sets.import_file(services, actor, test_set, table(content)).test_set


def numbered(services: Services, actor: User, count: int) -> TestSet:
    return made(services, actor, "id,question\n" + "".join(f"k{n:03},Question {n}?\n" for n in range(count)))


def judged(
    services: Services,
    actor: User,
    test_set: TestSet,
    judges: Judge | Sequence[Judge],
    texts: dict[str, str],
    name: str = "out.csv",
) -> Experiment:
    test_set = services.sets.get(test_set.set_id)
    found = outputs.match_outputs(services, test_set.set_id, test_set.version, texts, name)
    some = [judges] if isinstance(judges, Judge) else judges
    experiment = experiments.begin(services, actor, test_set, found, some)
    experiments.work_on(services, actor, experiment)
    return experiment


def compared(services: Services, baseline: Experiment, experiment: Experiment) -> list[Pairing]:
    return compare(services, baseline, experiment, load_results(services, experiment))


def decided(
    services: Services, experiment: Experiment, asked: Asked, baseline: Experiment | None = None
) -> list[gate.Decision]:
    pairings = compared(services, baseline, experiment) if baseline else []
    return gate.decide(experiment, load_results(services, experiment), asked, baseline, pairings)


def verdicts(count: int, bad: set[int]) -> dict[str, str]:
    return {f"k{n:03}": "a awful text" if n in bad else "a good text" for n in range(count)}


# --- files -----------------------------------------------------------------------------------------------------


def items(content: str, name: str = "items.csv", **given: str) -> list[SetItem | Problem]:
    file = table(content, name)
    return list(items_of(file, columns_of(file, given)))


def test_columns_become_the_parts_of_items() -> None:
    first, _, last = items(CSV)
    assert first == SetItem(
        key="q1", input="What is red?", expected_output="A colour", tags=["short", "colour"], metadata={"topic": "a"}
    )
    assert isinstance(last, SetItem)
    assert last.tags == []


def test_json_lines_keep_lists_and_numbers() -> None:
    (found,) = items(
        '{"key":7,"input":"Q","contexts":["one","two"],"output":"T","human_score":4,"passed":true,"tags":["x"],"n":1.5}\n',
        "items.jsonl",
    )
    assert found == SetItem(
        key="7", input="Q", context="one\n\ntwo", text="T", score=4, passed=True, tags=["x"], metadata={"n": 1.5}
    )


def test_without_keys_the_content_is_the_key() -> None:
    (one,), (same,) = items("question,answer\nWhy?,Yes\n"), items("question,text\n Why? ,No\n")
    assert isinstance(one, SetItem)
    assert isinstance(same, SetItem)
    assert one.key == same.key == content_key(question="Why?", context=None, reference=None, text=None)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("id,question\nq1,\n", "i.csv", "question are all empty"),
        ("id,question,score\nq1,Why?,high\n", "i.csv", "score is not a number"),
        ("id,question,passed\nq1,Why?,perhaps\n", "i.csv", "passed is 'perhaps'"),
        ('{"key":true,"question":"Why?"}\n', "i.jsonl", "the key 'True' is no text"),
        ('{"key":"a","question":3}\n', "i.jsonl", "question is no text"),
        ('{"key":"a","question":"Why?","tags":[1]}\n', "i.jsonl", "tags is no list of texts"),
    ],
)
def test_a_row_with_a_problem_is_named(services: Services, ana: User, content: str, name: str, words: str) -> None:
    test_set = sets.make_set(services, ana, "Questions")
    with pytest.raises(InvalidInput, match=words):
        sets.import_file(services, ana, test_set, table(content, name))
    assert services.sets.get(test_set.set_id).total == 0


def test_two_rows_of_one_key_are_refused_with_what_to_do(services: Services, ana: User) -> None:
    test_set = sets.make_set(services, ana, "Questions")
    with pytest.raises(InvalidInput, match=r"Row 2 has the \w+ of row 1. Give the file a column `key`"):
        sets.import_file(services, ana, test_set, table("question\nWhy?\nWhy?\n"))


@pytest.mark.parametrize("form", list(FileForm))
def test_an_export_can_be_imported_again(services: Services, ana: User, form: FileForm) -> None:
    whole = [
        SetItem(
            key="=1+1", input="Q", context="C", expected_output="R", text="T", score=3.5, passed=False,
            tags=["x", "y"], metadata={"topic": "a"},
        ),
        SetItem(key="b", text="Only a text"),
    ]  # fmt: skip
    test_set = services.sets.change(sets.make_set(services, ana, "One"), whole, by="ana").test_set
    content = sets.export_set(services, test_set.set_id, None, form)
    other = sets.make_set(services, ana, "Other")
    sets.import_file(services, ana, other, TabularFile.of(f"x.{form.value}", content))
    assert list(sets.all_items(services, "other")) == sorted(whole, key=lambda one: one.key)


# --- sets ------------------------------------------------------------------------------------------------------


def test_an_import_tells_what_it_did_and_a_version_what_changed(services: Services, ana: User) -> None:
    test_set = made(services, ana)
    services.sets.freeze(test_set, 1)
    later = CSV.replace("What is old?", "What is new?").replace("q2,What is blue?,A colour,colour,b\n", "")
    done = sets.import_file(services, ana, services.sets.get("questions"), table(later), others_go=True)
    assert done[1:] == (0, 1, 1, 1)
    found = sets.difference(services, "questions", 1, done.test_set.version)
    assert found == sets.Difference([], ["q2"], ["q3"], 1)


def test_a_set_is_found_by_id_or_name(services: Services, ana: User) -> None:
    test_set = made(services, ana, name="My questions")
    assert sets.find_set(services, "my-questions") == sets.find_set(services, "My questions") == test_set
    with pytest.raises(NotFound):
        sets.find_set(services, "nothing")
    with pytest.raises(AlreadyExists):
        made(services, ana, name="my QUESTIONS")


def test_a_viewer_changes_nothing(services: Services, ana: User, judge: Judge) -> None:
    viewer, test_set = new_user(services, "vic"), made(services, ana)
    for attempt in (
        lambda: sets.make_set(services, viewer, "Other"),
        lambda: sets.import_file(services, viewer, test_set, table(CSV)),
        lambda: sets.change_items(services, viewer, test_set, [SetItem(key="x", input="y")]),
        lambda: sets.change_items(services, viewer, test_set, removed=["q1"]),
        lambda: sets.describe_set(services, viewer, test_set, name="Z"),
        lambda: sets.delete_set(services, ana, test_set),
        lambda: sets.add_runs(services, viewer, test_set, [1]),
        lambda: judged(services, viewer, test_set, judge, {"q1": "x"}),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_runs_become_items_with_what_people_said(services: Services, ana: User, judge: Judge) -> None:
    case = services.cases.get(judge.case_id)
    one, two = scored(services, judge, case, 4, "First."), scored(services, judge, case, 2, "Second.")
    save_label(services, ana, one, score=5, passed=True)
    test_set = sets.make_set(services, ana, "From runs")
    done = sets.add_runs(services, ana, test_set, [one.run_id, two.run_id, one.run_id])
    assert done.added == 2
    found = {item.text: item for item in sets.all_items(services, "from-runs")}
    assert (found["First."].score, found["First."].passed) == (5, True)
    assert (found["Second."].score, found["Second."].metadata) == (None, {"source": "test"})
    with pytest.raises(InvalidInput, match="choose 1 to"):
        sets.add_runs(services, ana, done.test_set, [])


# --- experiments -----------------------------------------------------------------------------------------------


def test_an_experiment_judges_the_outputs_of_a_file(services: Services, ana: User, judge: Judge) -> None:
    test_set = made(services, ana)
    texts = outputs.read_outputs(table("id,answer\nq1,a good text\nq2,a awful text\nzz,unknown\n", "out.csv")).texts
    found = outputs.match_outputs(services, test_set.set_id, 1, texts, "out.csv")
    assert found.unknown == ["'zz'"]
    experiment = experiments.begin(services, ana, test_set, found, [judge], metadata={"prompt": "v2"})
    experiments.work_on(services, ana, experiment)

    assert services.sets.get("questions").frozen
    (results,) = load_results(services, experiment)
    assert (results.total, results.passed, results.scored, results.missing, results.left) == (3, 1, 2, 1, 0)
    assert results.rate().value == pytest.approx(1 / 3)
    assert results.mean.value == pytest.approx(0.5)
    assert {(one.name, one.value): one.rate.value for one in results.groups()} == {
        ("tag", "colour"): 0.5, ("tag", "short"): 1.0, ("topic", "a"): 1.0, ("topic", "b"): 0.0,
    }  # fmt: skip
    run = services.runs.get(results.rows["q1"].run_id)
    assert run.item is not None
    assert (run.item.set_id, run.item.key, run.evaluated_artifact.input) == ("questions", "q1", "What is red?")
    assert results.batch.pass_rate == 0.5
    assert services.experiments.get("questions-1").metadata == {"prompt": "v2"}
    shown = experiment_text(experiment, [results], None)
    assert "1 of 3 items pass" in shown
    assert "1 with no output" in shown
    assert json.dumps(experiment_json(experiment, [results], None), default=str)


def test_the_texts_of_the_set_itself_are_held_against_people(services: Services, ana: User, judge: Judge) -> None:
    rows = "".join(
        f"t{n},{'awful' if n % 3 else 'good'} text {n},{'false' if n % 3 or n == 6 else 'true'}\n" for n in range(12)
    )
    test_set = made(services, ana, f"id,text,passed\n{rows}")
    own = outputs.own_texts(services, test_set.set_id, 1)
    experiment = experiments.begin(services, ana, test_set, own, [judge])
    experiments.work_on(services, ana, experiment)
    (results,) = load_results(services, experiment)
    assert results.passed == 4
    assert results.against_people.value == pytest.approx(0.8)


def test_outputs_without_a_score_are_no_passes_and_can_be_run_again(
    services: Services, ana: User, judge: Judge
) -> None:
    test_set = made(services, ana)
    experiment = judged(services, ana, test_set, judge, {"q1": "good", "q2": "junk", "q3": "good"})
    (results,) = load_results(services, experiment)
    assert (results.passed, results.unscored, results.whole) == (2, 1, True)
    assert results.rate().value == pytest.approx(2 / 3)
    assert results.first_error
    services.judging.providers.known["openai"] = ScriptedProvider(scripted.always(5))
    failed = batches.retry_failures(services, ana, results.batch.batch_id)
    batches.work(services, ana, results.batch.batch_id, only=failed)
    (again,) = load_results(services, experiment)
    assert (again.passed, again.unscored) == (3, 0)


def test_several_judges_and_versions_judge_the_same_outputs(services: Services, ana: User, judge: Judge) -> None:
    admin = new_user(services, "root", Role.ADMIN)
    second = new_judge(services, services.cases.get(judge.case_id), "Kind")
    old = judge
    newer = services.judges.update(judge.judge_id, {"description": "Newer"}, revision=judge.revision, by=admin.username)
    test_set = made(services, ana)
    experiment = judged(services, ana, test_set, [old, newer, second], {"q1": "good", "q2": "awful"})
    found = load_results(services, experiment)
    assert [(one.judged.judge_name, one.judged.judge_version, one.passed) for one in found] == [
        ("Strict", "1.0", 1), ("Strict", "2.0", 1), ("Kind", "1.0", 1),
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="named twice"):
        judged(services, ana, test_set, [second, second], {"q1": "good"})


def test_a_set_that_changed_meanwhile_is_not_judged(services: Services, ana: User, judge: Judge) -> None:
    seen = made(services, ana)
    found = outputs.match_outputs(services, seen.set_id, 1, {"q1": "x"}, "out.csv")
    sets.change_items(services, ana, seen, [SetItem(key="q9", input="New?")])
    with pytest.raises(ConflictError):
        experiments.begin(services, ana, seen, found, [judge])
    assert services.experiments.list().items == []


def test_rows_without_keys_are_spoken_of_by_their_questions(services: Services, ana: User) -> None:
    test_set = made(services, ana, "question\nWhy?\n")
    read = outputs.read_outputs(table("question,answer\nWhy?,x\nWho?,y\n", "out.csv"))
    found = outputs.match_outputs(services, test_set.set_id, 1, read.texts, "out.csv", read.names)
    assert found.unknown == ["row 2 ('Who?')"]


def test_an_empty_output_is_none_and_other_columns_are_not_asked_for(services: Services) -> None:
    file = table("id,answer,rating,tags\nq1,a good text,high,\nq2,,,\n", "out.csv")
    assert outputs.read_outputs(file).texts == {"q1": "a good text"}
    with pytest.raises(InvalidInput, match="all empty"):
        outputs.read_outputs(table('{"id":"","answer":""}\n', "out.jsonl"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,question\nq1,x\n", "Which column of out.csv holds the outputs"),
        ("id,answer\nq1,x\nq1,y\n", "Row 2 has the key 'q1' of row 1"),
        ("question,answer\nWhy?,x\nWhy?,\n", "Row 2 has the question of row 1. Give the file a column `key`"),
        ("id,answer\nzz,x\n", "No row of out.csv has a key of the test set. Its keys are such as 'q1'"),
    ],
)
def test_outputs_that_cannot_be_matched_are_said(services: Services, ana: User, content: str, words: str) -> None:
    made(services, ana)
    with pytest.raises(InvalidInput, match=words):
        outputs.match_outputs(
            services, "questions", 1, outputs.read_outputs(table(content, "out.csv")).texts, "out.csv"
        )
    with pytest.raises(InvalidInput, match="No item of the test set has a text"):
        outputs.own_texts(services, "questions", 1)


# --- comparison and gate -----------------------------------------------------------------------------------------


def test_what_changed_is_paired_by_key(services: Services, ana: User, judge: Judge) -> None:
    test_set = made(services, ana)
    before = judged(services, ana, test_set, judge, {"q1": "good", "q2": "awful", "q3": "good"})
    after = judged(services, ana, test_set, judge, {"q1": "good", "q2": "good", "q3": "fair"})
    (pair,) = compared(services, before, after)
    assert [row.key for row in pair.improved] == ["q2"]
    assert pair.regressed == []
    assert [row.key for row in pair.worse] == ["q3"]
    assert (pair.flips.improved, pair.flips.regressed, pair.flips.both_pass) == (1, 0, 2)
    assert pair.differences == []
    lost = judged(services, ana, test_set, judge, {"q1": "good"})
    (pair,) = compared(services, before, lost)
    assert [row.key for row in pair.regressed] == ["q3"]
    assert pair.flips.both_fail == 1


def test_items_that_changed_between_versions_are_left_out_and_judges_that_differ_are_said(
    services: Services, ana: User, judge: Judge
) -> None:
    test_set = made(services, ana)
    before = judged(services, ana, test_set, judge, {"q1": "good", "q2": "awful", "q3": "good"})
    cooler = {"parameters": {"temperature": 0.5}}
    services.judges.update(judge.judge_id, cooler, revision=judge.revision, by="root")
    sets.change_items(services, ana, services.sets.get("questions"), [SetItem(key="q3", input="Other?")])
    sets.change_items(services, ana, services.sets.get("questions"), [SetItem(key="q4", input="New?")])
    newer = services.judges.get(judge.judge_id)
    after = judged(services, ana, test_set, newer, {"q1": "awful", "q2": "awful", "q3": "awful", "q4": "awful"})
    (pair,) = compared(services, before, after)
    assert [row.key for row in pair.rows] == ["q1", "q2"]
    assert pair.changed_items == 2
    assert "Version 1.0 of the judge, now 2.0" in pair.differences[0]
    assert "temperature" in pair.differences[0]


def test_the_gate_fails_a_drop_passes_noise_and_says_when_it_cannot_tell(
    services: Services, ana: User, judge: Judge
) -> None:
    test_set = numbered(services, ana, 60)
    before = judged(services, ana, test_set, judge, verdicts(60, set(range(5))), "before.csv")
    worse = judged(services, ana, test_set, judge, verdicts(60, set(range(25))), "worse.csv")
    noise = judged(services, ana, test_set, judge, verdicts(60, set(range(1, 7))), "noise.csv")

    (failed,) = decided(services, worse, Asked(), before)
    assert failed.outcome is Outcome.FAILED
    (passed,) = decided(services, noise, Asked(min_pass_rate=0.75), before)
    assert passed.outcome is Outcome.PASSED
    assert "Chance explains" in passed.criteria[-1].words
    (low,) = decided(services, worse, Asked(min_pass_rate=0.9))
    assert low.outcome is Outcome.FAILED
    (allowed,) = decided(services, worse, Asked(max_drop=0.5), before)
    assert allowed.outcome is Outcome.PASSED

    shown = as_markdown([failed])
    assert "❌ Gate: failed" in shown
    assert "20 regressed" in shown
    root = Xml.fromstring(as_junit([failed]))
    rows = root.findall("testsuite")[1]
    assert (rows.get("tests"), rows.get("failures"), rows.get("skipped")) == ("60", "20", "5")
    calm = Xml.fromstring(as_junit([passed]))
    assert [one.get("failures") for one in calm] == ["0", "0"]
    assert as_json([failed])["judges"][0]["against_baseline"]["regressed"][0] == "k005"
    assert as_text([failed]).endswith("The gate: failed.")


def test_few_items_cannot_tell_and_it_is_said_how_many_would(services: Services, ana: User, judge: Judge) -> None:
    test_set = numbered(services, ana, 8)
    before = judged(services, ana, test_set, judge, verdicts(8, set()))
    after = judged(services, ana, test_set, judge, verdicts(8, {3}))
    (found,) = decided(services, after, Asked(min_pass_rate=0.8), before)
    assert found.outcome is Outcome.UNSURE
    assert "too few items to tell: about" in found.criteria[1].words
    root = Xml.fromstring(as_junit([found]))
    assert root.findall("testsuite")[0].get("failures") == "0"


def test_what_was_not_judged_to_the_end_does_not_pass(services: Services, ana: User, judge: Judge) -> None:
    test_set = numbered(services, ana, 40)
    found = outputs.match_outputs(services, test_set.set_id, 1, verdicts(40, set()), "out.csv")
    experiment = experiments.begin(services, ana, services.sets.get(test_set.set_id), found, [judge])
    services.batches.set_state(experiment.judges[0].batch_id, BatchState.CANCELLED, note="Cancelled by ana.")
    (decision,) = decided(services, experiment, Asked(min_pass_rate=0.5))
    assert decision.outcome is Outcome.FAILED
    assert decision.criteria[0].words == "40 of 40 outputs were not judged. Cancelled by ana."


@pytest.mark.parametrize(
    ("asked", "baseline", "words"),
    [
        (Asked(), False, "Say what the gate has to hold"),
        (Asked(max_drop=0.1), False, "A drop needs a baseline"),
        (Asked(min_pass_rate=2), False, "give a share from 0 to 1"),
        (Asked(min_pass_rate=0.5, confidence=1.0), False, "The confidence is 1"),
        (Asked(margin=0.0), True, "The margin is 0"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: Asked, baseline: bool, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        asked.check(baseline=baseline)


def test_a_baseline_of_another_set_is_refused(services: Services, ana: User, judge: Judge) -> None:
    one = judged(services, ana, made(services, ana), judge, {"q1": "good"})
    two = judged(services, ana, made(services, ana, name="Other"), judge, {"q1": "good"})
    with pytest.raises(InvalidInput, match="another test set"):
        decided(services, one, Asked(), two)
    with pytest.raises(InvalidInput, match="no experiment of the test set"):
        sets.describe_set(services, ana, services.sets.get("questions"), baseline=two.experiment_id)


def test_labels_of_a_random_sample_correct_the_rate(services: Services, ana: User, judge: Judge) -> None:
    test_set = numbered(services, ana, 40)
    experiment = judged(services, ana, test_set, judge, verdicts(40, set(range(10))))
    (before,) = load_results(services, experiment)
    assert before.corrected() is None
    for place, row in enumerate(list(before.rows.values())[::2]):
        run = services.runs.get(row.run_id)
        save_label(services, ana, run, passed=row.passed and place % 5 != 0, drawn=Drawn(Selection.RANDOM, 0.5))
    (after,) = load_results(services, experiment)
    corrected = after.corrected()
    assert corrected is not None
    assert corrected.labels == 20
    assert corrected.estimate.value < 0.75
    (decision,) = decided(services, experiment, Asked(min_pass_rate=0.1))
    assert any("By 20 labels people would let" in note for note in decision.notes)


def test_the_runs_of_an_experiment_are_runs_of_its_batch(services: Services, ana: User, judge: Judge) -> None:
    experiment = judged(services, ana, made(services, ana), judge, {"q1": "good", "q2": "awful"})
    found = services.runs.list(RunFilter(batch_id=experiment.judges[0].batch_id))
    assert {row.item.key for row in found.items if row.item} == {"q1", "q2"}
    batch = services.batches.get(experiment.judges[0].batch_id)
    assert (batch.experiment_id, batch.passed, batch.rejected) == (experiment.experiment_id, 1, 1)
    assert msgspec.json.encode(batch)
