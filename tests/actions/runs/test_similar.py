"""Runs found by their texts, and failing runs in groups; with the real local embedder."""

from __future__ import annotations

import pytest

from console.actions.runs import similar
from console.errors import Forbidden, InvalidInput
from console.records import Judge, Run, RunFilter, User, Verdict
from console.services import Services
from tests.support.console_app import new_case, new_judge, new_user, scored

WEATHER = [
    "Heavy rain and thunder are expected along the coast tonight.",
    "The storm brings rain, hail and strong winds tomorrow.",
    "Rain turns to snow in the hills by the evening.",
    "A rainy week ends with a thunderstorm on Sunday.",
]
COOKING = [
    "Fry the onions in butter until they are golden.",
    "Stir the flour into the melted butter and add milk.",
    "Bake the bread with butter and garlic for ten minutes.",
    "Whisk the eggs with sugar before adding the flour.",
]


@pytest.fixture
def judge(console_services: Services) -> Judge:
    return new_judge(console_services, new_case(console_services))


def runs_of(services: Services, judge: Judge, texts: list[str], score: float = 1.0) -> list[Run]:
    case = services.cases.get(judge.case_id)
    return [scored(services, judge, case, score, text) for text in texts]


def test_the_nearest_failing_runs_are_about_the_same(console_services: Services, judge: Judge, admin: User) -> None:
    weather = runs_of(console_services, judge, WEATHER)
    runs_of(console_services, judge, COOKING)
    runs_of(console_services, judge, ["It rains and thunders at the coast tonight."], score=5.0)
    assert similar.embed_missing(console_services, admin) == 9
    found = similar.nearest_to_run(console_services, weather[0], 3)
    assert {one.row.run_id for one in found} == {run.run_id for run in weather[1:]}
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)


def test_what_an_earlier_version_cut_off_is_embedded_again(
    console_services: Services, judge: Judge, admin: User
) -> None:
    short, long = runs_of(console_services, judge, [WEATHER[0], f"{WEATHER[0]} " * 30 + COOKING[2] * 30])
    similar.embed_missing(console_services, admin)
    whole = console_services.run_vectors.of(console_services.runs.list().items)
    console_services.run_vectors.put(long, whole[short.run_id])

    assert similar.embed_again(console_services, admin) == 1
    assert similar.embed_again(console_services, admin) == 0
    assert console_services.run_vectors.of(console_services.runs.list().items)[long.run_id] == pytest.approx(
        whole[long.run_id], abs=1e-4
    )


def test_the_end_of_a_long_text_counts_in_runs_and_in_questions(
    console_services: Services, judge: Judge, admin: User
) -> None:
    filler = "The committee met and the minutes of the meeting were read. " * 60
    rain, bread = runs_of(console_services, judge, [f"{filler}{WEATHER[0] * 40}", f"{filler}{COOKING[2] * 40}"])
    similar.embed_missing(console_services, admin)

    (nearest,) = similar.nearest_to_text(console_services, "Baking bread with butter and garlic.", [judge.case_id], 1)
    (asked,) = similar.nearest_to_text(console_services, f"{filler}{WEATHER[0] * 40}", [judge.case_id], 1)

    assert nearest.row.run_id == bread.run_id
    assert (asked.row.run_id, asked.similarity) == (rain.run_id, pytest.approx(1.0, abs=1e-3))


def test_runs_are_found_by_a_text(console_services: Services, judge: Judge, admin: User) -> None:
    runs_of(console_services, judge, WEATHER)
    cooking = runs_of(console_services, judge, COOKING)
    similar.embed_missing(console_services, admin)
    found = similar.nearest_to_text(console_services, "How long do I bake bread?", [judge.case_id], 1)
    assert [one.row.run_id for one in found] == [cooking[2].run_id]
    assert similar.nearest_to_text(console_services, "bread", [judge.case_id], 9, verdict=Verdict.PASS) == []


@pytest.mark.parametrize(("text", "k"), [(" ", 5), ("bread", 0), ("bread", 101)])
def test_a_search_without_a_text_or_for_too_many_runs_is_refused(console_services: Services, text: str, k: int) -> None:
    with pytest.raises(InvalidInput):
        similar.nearest_to_text(console_services, text, ["case"], k)


def test_failing_runs_are_grouped_by_what_they_are_about(console_services: Services, judge: Judge, admin: User) -> None:
    weather, cooking = (runs_of(console_services, judge, texts) for texts in (WEATHER, COOKING))
    similar.embed_missing(console_services, admin)
    left_out = runs_of(console_services, judge, ["Not embedded."])
    found = similar.group_failing(console_services, RunFilter())
    members = {frozenset(row.run_id for row in group.rows) for group in found.groups}
    assert members == {frozenset(run.run_id for run in weather), frozenset(run.run_id for run in cooking)}
    assert {"rain", "butter"} <= {word for group in found.groups for word in group.words}
    assert {point.row.run_id for point in found.points} == {run.run_id for run in [*weather, *cooking]}
    assert (found.without, found.more) == (len(left_out), False)


def test_without_failing_runs_there_are_no_groups(console_services: Services) -> None:
    found = similar.group_failing(console_services, RunFilter())
    assert (found.groups, found.points, found.without) == ([], [], 0)


def test_embedding_again_does_nothing(console_services: Services, judge: Judge, admin: User) -> None:
    runs_of(console_services, judge, WEATHER)
    assert similar.embed_missing(console_services, admin) == 4
    assert similar.embed_missing(console_services, admin) == 0


def test_a_viewer_does_not_start_the_embedding_of_all_runs(console_services: Services) -> None:
    with pytest.raises(Forbidden):
        similar.embed_missing(console_services, new_user(console_services, "vic"))


def test_failing_runs_that_somebody_looks_at_are_embedded_then(console_services: Services, judge: Judge) -> None:
    runs_of(console_services, judge, WEATHER)
    runs_of(console_services, judge, COOKING, score=5.0)
    assert similar.embed_failing(console_services, RunFilter()) == 4
    assert similar.group_failing(console_services, RunFilter()).without == 0
