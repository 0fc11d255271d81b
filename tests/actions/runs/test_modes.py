"""Runs of one judge that were scored in different ways are said to be, wherever a mean is."""

from __future__ import annotations

from datetime import date

from console.actions.runs.modes import mixed_in_rollups, mixed_modes
from console.records import Rollup, RunStatus, RunSummary, utcnow


def rows(*modes: str, judge: str = "a", version: str = "1.0") -> list[RunSummary]:
    return [
        RunSummary(
            run_id=number,
            started_at=utcnow(),
            status=RunStatus.COMPLETED,
            judge_id=judge,
            judge_version=version,
            scoring_mode=mode,
        )
        for number, mode in enumerate(modes, 1)
    ]


def test_one_judge_in_two_modes_is_said_with_the_numbers() -> None:
    assert mixed_modes(rows("logprobs", "logprobs", "sampled")) == (
        "One judge has runs of two modes here, 2 by probabilities and 1 by stated numbers: 1 of 3 differ "
        "from the rest. Look at them apart."
    )


def test_judges_and_versions_of_different_modes_are_not_mixed() -> None:
    assert mixed_modes([*rows("logprobs"), *rows("sampled", judge="b"), *rows("sampled", version="2.0")]) is None


def test_a_single_number_is_a_stated_one_and_what_is_not_known_does_not_count() -> None:
    assert mixed_modes(rows("sampled", "single", "", "similarity")) is None


def day(number: int, judge: str = "a", **counts: int) -> Rollup:
    return Rollup(day=date(2026, 3, number), case_id="c", judge_id=judge, model="m", **counts)


def test_rollups_of_one_judge_in_two_modes_say_so_whatever_the_number_of_runs() -> None:
    assert mixed_in_rollups([day(1, completed=9_000, weighted=9_000), day(2, completed=1_100, stated=1_000)]) == (
        "One judge has runs of two modes here, 9,000 by probabilities and 1,000 by stated numbers: 1,000 of 10,000 "
        "differ from the rest. Look at them apart."
    )


def test_rollups_of_two_judges_or_without_modes_say_nothing() -> None:
    assert mixed_in_rollups([day(1, weighted=5), day(1, judge="b", stated=5), day(2, judge="c", completed=3)]) is None
