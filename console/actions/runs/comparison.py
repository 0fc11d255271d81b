"""Two to four runs beside each other. The first is the baseline; a counterpart that is missing is not a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.actions.runs.detail import run_id_of
from console.errors import InvalidInput
from console.records import Label, Run, RunId
from console.services import Services

LEAST, MOST = 2, 4
"""Runs in a comparison."""
_SAME = 1e-9


class Change(StrEnum):
    """A run against the baseline, by normalised score."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    EQUAL = "equal"
    NO_COUNTERPART = "no counterpart"
    """One of the two is missing or has no score: nothing can be said, least of all that it passed."""


def change_of(before: float | None, after: float | None) -> Change:
    """What became of a normalised score; None is one that is missing."""
    if before is None or after is None:
        return Change.NO_COUNTERPART
    if abs(after - before) < _SAME:
        return Change.EQUAL
    return Change.IMPROVED if after > before else Change.REGRESSED


@dataclass(frozen=True, slots=True)
class Column:
    """One run of a comparison."""

    run_id: RunId
    run: Run | None
    """None when it is gone."""
    labels: list[Label]

    @property
    def score(self) -> float | None:
        """Normalised; None where the run is gone or has none."""
        return self.run.results.final_score_normalized if self.run and self.run.results else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs in the order asked for."""

    columns: list[Column]

    @property
    def baseline(self) -> Column:
        """What the others are compared with."""
        return self.columns[0]

    @property
    def others(self) -> list[Column]:
        """Every run but the baseline."""
        return self.columns[1:]

    @property
    def one_text(self) -> bool:
        """Whether all runs that are there judged the same text; only then do scores speak of the judges."""
        return len({column.run.evaluated_artifact.evaluation_target for column in self.columns if column.run}) == 1

    @property
    def one_case(self) -> bool:
        """Whether all runs that are there are of one case."""
        return len({column.run.case_id for column in self.columns if column.run}) == 1

    def change(self, column: Column) -> Change:
        """A run against the baseline."""
        return change_of(self.baseline.score, column.score)

    def count(self, change: Change) -> int:
        """How many of the others changed so."""
        return sum(self.change(column) is change for column in self.others)


def run_ids(text: str) -> list[RunId]:
    """The ids of a list such as `1,2,3`, each once, in order."""
    parts = dict.fromkeys(part.strip() for part in text.split(","))
    return [run_id_of(part) for part in parts if part]


def load_comparison(services: Services, wanted: Sequence[RunId]) -> Comparison:
    """Read the runs and their labels. One Query per run that is not cached, and one for its labels.

    Raises:
        InvalidInput: there are fewer than two or more than four.
    """
    if not LEAST <= len(wanted) <= MOST:
        raise InvalidInput(f"{len(wanted)} runs cannot be compared; choose {LEAST} to {MOST}.", field="runs")
    return Comparison([_column(services, run_id) for run_id in wanted])


def _column(services: Services, run_id: RunId) -> Column:
    run = services.runs.find(run_id)
    return Column(run_id, run, services.labels.of(run.run_id) if run else [])
