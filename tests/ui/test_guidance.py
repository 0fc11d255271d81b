"""Steps, meanings of scores and rated examples, as the form of a case says them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.records import Case, Example, ScoreRange
from console.records.cases import anchors, examples
from console.ui.records.guidance import (
    guidance_metadata,
    guidance_of,
    on_scale,
    other_metadata,
    problems_of_guidance,
    read_anchors,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _case(**metadata: object) -> Case:
    return Case(
        case_id="c",
        version="1.0",
        active=True,
        name="Answers",
        task_introduction="Rate.",
        evaluation_criteria="Right?",
        created_on=NOW,
        last_updated_on=NOW,
        metadata=metadata,
    )


def test_what_a_form_says_is_what_it_shows_again() -> None:
    said = guidance_metadata("1. Read.", "5: Right.\n1: Wrong.", '[{"text": "A", "score": 4}]')
    case = _case(team="search", **said)

    assert anchors(case) == {"1": "Wrong.", "5": "Right."}
    assert examples(case) == [Example(text="A", score=4)]
    assert other_metadata(case) == {"team": "search"}
    fields = guidance_of(case)
    assert guidance_metadata(fields["steps"], fields["anchors"], fields["examples"]) == said


def test_empty_fields_leave_nothing() -> None:
    assert guidance_metadata(" ", "\n", "") == {}


def test_metadata_of_another_form_is_left_alone() -> None:
    case = _case(scoreAnchors="none", labelledExamples=7)

    assert (anchors(case), examples(case)) == ({}, [])
    assert other_metadata(case) == {"scoreAnchors": "none", "labelledExamples": 7}


def test_a_score_off_the_scale_stays_in_the_form_and_reaches_no_judge() -> None:
    case = _case(scoreAnchors={"9": "Too high.", "3": "Half."})

    assert anchors(case) == {"3": "Half."}
    assert guidance_of(case)["anchors"] == "9: Too high.\n3: Half."


@pytest.mark.parametrize(
    ("lines", "rated", "field", "said"),
    [
        ("five: Right.", "", "anchors", "not a score"),
        ("5:", "", "anchors", "not a score"),
        ("5: a\n5.0: b", "", "anchors", "two sentences"),
        ("6: a", "", "anchors", "not on the scale"),
        ("", "{}", "examples", "This is no list"),
        ("", '[{"text": ' + "[" * 100_000, "examples", "This is no list"),
        ("", '[{"text": "a", "score": 9}]', "examples", "not on the scale"),
        ("", '[{"text": "a", "score": 4}, {"score": 4}]', "examples", "Example 2 has no text."),
        ("", '[{"text": "a"}]', "examples", "Example 1 has no score."),
        ("", '[{"text": "a", "score": "high"}]', "examples", "Example 1 cannot be used"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(lines: str, rated: str, field: str, said: str) -> None:
    assert said in problems_of_guidance(lines, rated, ScoreRange())[field]


def test_negative_and_fractional_scores_have_sentences() -> None:
    assert read_anchors("-1: Bad.\n0.5: So so.") == {"-1": "Bad.", "0.5": "So so."}


def test_each_score_of_a_scale_has_a_line() -> None:
    assert on_scale("0.5: Half.", ScoreRange(min=0, max=1, step=0.5), 11) == {"1": "", "0.5": "Half.", "0": ""}


@pytest.mark.parametrize("lines", ["five", "7: Too high."])
def test_lines_that_do_not_fit_the_scale_are_shown_as_they_are(lines: str) -> None:
    assert on_scale(lines, ScoreRange(), 11) is None


def test_a_scale_of_many_scores_has_no_line_for_each() -> None:
    assert on_scale("", ScoreRange(min=0, max=100), 11) is None
