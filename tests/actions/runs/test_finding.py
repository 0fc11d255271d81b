"""Runs by what their texts say; tags, labels and views as people make them."""

from __future__ import annotations

from typing import Any

import pytest

from console.actions.labels.labels import label_many
from console.actions.runs import finding
from console.actions.runs.finding import Sought, find_runs
from console.actions.runs.tags import tag_runs
from console.actions.runs.views import remove_view, save_view
from console.errors import Forbidden, InvalidInput
from console.records import Role, Run, RunFilter, Selection, Snapshot, User
from console.services import Services
from tests.support.console_app import failed, new_case, new_judge, new_user, scored
from tests.support.tier import artifact, results


@pytest.fixture
def services(console_services: Services) -> Services:
    return console_services


@pytest.fixture
def eva(services: Services) -> User:
    return new_user(services, "eva", Role.EVALUATOR)


def run_of(services: Services, text: str, **fields: Any) -> Run:
    judge = (services.judges.list() or [new_judge(services, new_case(services))])[0]
    case = services.cases.get(judge.case_id)
    run = services.runs.create(Snapshot.of(judge, case), artifact(text, **fields), by="ana")
    return services.runs.complete(run, results(4.0, reasons=["Because it is so."]), threshold=0.5)


@pytest.mark.parametrize(
    ("query", "words", "metadata"),
    [
        ("Late  trains", ("late", "trains"), ()),
        ('"late trains" now', ("late trains", "now"), ()),
        ("lang=de", (), (("lang", "de"),)),
        ('source="The Times" x', ("x",), (("source", "the times"),)),
        ("  ", (), ()),
    ],
)
def test_a_search_is_words_phrases_and_metadata(
    query: str, words: tuple[str, ...], metadata: tuple[tuple[str, str], ...]
) -> None:
    assert Sought.of(query) == Sought(words, metadata)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("TRAINS", ["Trains were late."]),
        ("trains late", ["Trains were late."]),
        ('"late trains"', []),
        ("question", ["Trains were late."]),
        ("because", ["Trains were late.", "Buses came."]),
        ("lang=de", ["Buses came."]),
        ("lang=de trains", []),
        ("source=test", ["Buses came."]),
    ],
)
def test_all_that_a_run_says_is_looked_through(services: Services, query: str, found: list[str]) -> None:
    run_of(services, "Buses came.", metadata={"lang": "DE", "source": "test"})
    run_of(services, "Trains were late.", input="A question.")

    rows = find_runs(services, RunFilter(), Sought.of(query)).rows
    assert [row.preview for row in rows] == found


def test_errors_are_found_by_what_they_say(services: Services) -> None:
    judge = new_judge(services, case := new_case(services))
    run = failed(services, judge, case, "429 Too many requests")
    assert [row.run_id for row in find_runs(services, RunFilter(), Sought.of("429")).rows] == [run.run_id]


def test_a_search_stops_after_a_stretch_and_goes_on(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "STRETCH", 2)
    monkeypatch.setattr(finding, "_LIST", 2)
    run_of(services, "The first.")
    for number in range(4):
        run_of(services, f"Other {number}.")

    first = find_runs(services, RunFilter(), Sought.of("first"))
    assert (first.rows, first.examined, first.cursor is None) == ([], 2, False)
    second = find_runs(services, RunFilter(), Sought.of("first"), cursor=first.cursor)
    third = find_runs(services, RunFilter(), Sought.of("first"), cursor=second.cursor)
    assert [row.preview for row in third.rows] == ["The first."]
    assert third.cursor is None


def test_a_search_for_nothing_is_refused(services: Services) -> None:
    with pytest.raises(InvalidInput, match="Type a word"):
        find_runs(services, RunFilter(), Sought.of(" "))


def test_only_evaluators_tag_and_label(services: Services, eva: User) -> None:
    run = run_of(services, "A text.")
    viewer = new_user(services, "vera")
    with pytest.raises(Forbidden):
        tag_runs(services, viewer, [run.run_id], add=["odd"])
    with pytest.raises(Forbidden):
        label_many(services, viewer, [run.run_id], passed=True)

    assert tag_runs(services, eva, [run.run_id], add=["odd"]) == 1
    assert label_many(services, eva, [run.run_id], passed=False, comment="Seen together.") == 1
    (label,) = services.labels.of(run.run_id)
    assert (label.passed, label.comment, label.drawn and label.drawn.selection) == (
        False,
        "Seen together.",
        Selection.BY_HAND,
    )
    (row,) = services.runs.list().items
    assert (row.tags, row.label_passed) == (["odd"], False)


def test_a_view_belongs_to_who_keeps_it(services: Services, eva: User) -> None:
    other, admin = new_user(services, "bo", Role.EVALUATOR), new_user(services, "ada", Role.ADMIN)
    save_view(services, eva, "Failures", {"result": "fail", "run": "7", "unknown": "x", "case": ""})

    assert services.views.get("Failures").query == {"result": "fail"}
    with pytest.raises(Forbidden, match="eva keeps the view"):
        save_view(services, other, "Failures", {})
    with pytest.raises(Forbidden):
        remove_view(services, other, "Failures")
    with pytest.raises(Forbidden):
        save_view(services, new_user(services, "vera"), "Mine", {})
    remove_view(services, admin, "Failures")
    assert services.views.list() == []


def test_scored_runs_have_no_tags_at_first(services: Services) -> None:
    judge = new_judge(services, case := new_case(services))
    scored(services, judge, case, 4.0)
    assert [row.tags for row in services.runs.list().items] == [[]]
