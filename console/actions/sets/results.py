"""What an experiment found: for each judge its rates over all items of the set, by tag and by metadata, row by row.

Items without an output, and outputs without a score, are no passes: a pass rate is a share of all items of the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from console.actions.labels.designs import weigh, with_known_odds
from console.actions.runs.labelled import SAMPLE, LabelledRun, labelled_run, read_rows
from console.judging.analysis.corrected import Corrected, Sample, corrected_rate
from console.judging.analysis.pairs import share
from console.judging.analysis.statistics import LEVEL, Confusion, Estimate, quality
from console.judging.analysis.weighted import LEAST
from console.records import (
    Batch,
    BatchState,
    Experiment,
    ItemRef,
    JudgedBy,
    RowResult,
    RunFilter,
    RunId,
    RunSummary,
    ScoreRange,
    Verdict,
)
from console.services import Services

TAG = "tag"
"""Name of the grouping by tags."""


@dataclass(frozen=True, slots=True)
class Row:
    """How one item ended."""

    item: ItemRef
    """The item, as the run keeps it."""
    found: RowResult

    @property
    def key(self) -> str:
        """Of the item."""
        return self.item.key

    @property
    def run_id(self) -> RunId:
        """Of the run that judged its output."""
        return self.found.run_id

    @property
    def score(self) -> float | None:
        """Normalised; None where there is none."""
        return self.found.normalized

    @property
    def passed(self) -> bool:
        """Whether the judge lets it pass; without a score it does not."""
        return self.found.verdict is Verdict.PASS


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share a tag, or a value of metadata."""

    name: str
    """`tag`, or the name of the metadata."""
    value: str
    rate: Estimate
    mean: float | None
    """Of the normalised scores."""


@dataclass(frozen=True, slots=True)
class JudgeResults:
    """What one judge said of an experiment's outputs."""

    judged: JudgedBy
    batch: Batch
    total: int
    """Items of the set."""
    rows: Mapping[str, Row]
    """By key, of the items that have ended."""
    scale: ScoreRange
    labels: Mapping[RunId, RunSummary]
    """What people said of the runs, where they did."""

    @property
    def passed(self) -> int:
        """Items that pass."""
        return sum(row.passed for row in self.rows.values())

    @property
    def scored(self) -> int:
        """Items with a score."""
        return sum(row.score is not None for row in self.rows.values())

    @property
    def unscored(self) -> int:
        """Items whose output got no score."""
        return len(self.rows) - self.scored

    @property
    def missing(self) -> int:
        """Items without an output."""
        return self.total - self.batch.total

    @property
    def first_error(self) -> str:
        """Why an output got no score; empty where all did."""
        return next((row.found.error or "" for row in self.rows.values() if row.score is None), "")

    @property
    def left(self) -> int:
        """Outputs that have not been judged yet."""
        return self.batch.total - len(self.rows)

    @property
    def whole(self) -> bool:
        """Whether every output was judged."""
        return self.batch.state is BatchState.FINISHED and not self.left

    @property
    def scores(self) -> list[float]:
        """The normalised scores."""
        return [row.score for row in self.rows.values() if row.score is not None]

    def rate(self, level: float = LEVEL) -> Estimate:
        """The share of all items that pass, with Wilson's interval."""
        return share(self.passed, self.total - self.left, level)

    @property
    def mean(self) -> Estimate:
        """The mean normalised score of the outputs that got one, with Student's interval."""
        return _mean(self.scores)

    def groups(self) -> list[Group]:
        """Rates by tag and by value of metadata, the lowest first within each."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows.values():
            for name, value in [*([TAG, tag] for tag in row.item.tags), *row.item.facets]:
                found.setdefault((name, value), []).append(row)
        groups = [
            Group(name, value, share(sum(row.passed for row in rows), len(rows)), _plain_mean(rows))
            for (name, value), rows in found.items()
        ]
        return sorted(groups, key=lambda one: (one.name != TAG, one.name, one.rate.value or 0.0, one.value))

    @property
    def against_people(self) -> Estimate:
        """Cohen's kappa of the judge and what people said of the set's own texts."""
        known = [(row.passed, verdict) for row in self.rows.values() if (verdict := self._said(row)) is not None]
        return quality(Confusion.of([one for one, _ in known], [other for _, other in known])).kappa

    def corrected(self) -> Corrected | None:
        """The pass rate that people would have given, over the scored outputs; None with too few labels.

        From labels of the experiment's own runs whose odds are known (see `console.judging.analysis.corrected`).
        """
        labelled = [one for row in self.rows.values() if (one := self._labelled(row)) is not None]
        weighed = weigh(with_known_odds(labelled, self.judged.judge_id))
        if len(weighed.runs) < LEAST:
            return None
        sample = Sample.of([one.judge for one in weighed.runs], weighed.odds(self.scored))
        people, mean = [one.passed for one in weighed.runs], self.mean.value or 0.0
        return corrected_rate(sample, people, runs=self.scored, mean_score=mean)

    def _labelled(self, row: Row) -> LabelledRun | None:
        run = self.labels.get(row.run_id)
        return labelled_run(run, self.scale, row.found.threshold or 0.0) if run and row.score is not None else None

    def _said(self, row: Row) -> bool | None:
        """What people said of the set's own text."""
        item = row.item
        if row.score is None:
            return None
        if item.passed is not None:
            return item.passed
        if item.score is None:
            return None
        return Verdict.of(self.scale.normalise(item.score), row.found.threshold or 0.0).passed


def load_results(services: Services, experiment: Experiment) -> list[JudgeResults]:
    """The results of every judge, as far as they are there.

    For each: one GetItem, one Query per 10,000 rows, and one for the labels per 1,000 of them.
    """
    return [_results(services, experiment, judged) for judged in experiment.judges]


def _results(services: Services, experiment: Experiment, judged: JudgedBy) -> JudgeResults:
    batch = services.batches.get(judged.batch_id)
    ended = services.batch_runs.results(judged.batch_id).values()
    rows = sorted((Row(one.item, one) for one in ended if one.item), key=lambda row: row.key)
    scale = services.cases.version(judged.case_id, judged.case_version).score_range
    by_key = {row.key: row for row in rows}
    return JudgeResults(judged, batch, experiment.total, by_key, scale, _labels(services, batch, judged))


def _labels(services: Services, batch: Batch, judged: JudgedBy) -> dict[RunId, RunSummary]:
    wanted = RunFilter(
        case_id=judged.case_id,
        judge_id=judged.judge_id,
        batch_id=batch.batch_id,
        labelled=True,
        first_day=batch.created_on.date(),
    )
    return {run.run_id: run for run in read_rows(services, wanted, SAMPLE)[0]}


def _plain_mean(rows: Sequence[Row]) -> float | None:
    scores = [row.score for row in rows if row.score is not None]
    return sum(scores) / len(scores) if scores else None


def _mean(scores: Sequence[float]) -> Estimate:
    n = len(scores)
    if not n:
        return Estimate(None, why="not defined because no output has a score")
    value = float(np.mean(scores))
    if n < 2:
        return Estimate(value, n=n, why="no interval: it needs 2 scores")
    spread = float(np.std(scores, ddof=1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * spread / n**0.5
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), n, "Student's t")
