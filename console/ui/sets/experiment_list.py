"""The list of experiments, of a set or of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.records import Batch, Experiment
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.controls import filters
from console.ui.frame.controls.columns import (
    Column,
    moment_column,
    number_column,
    percent_column,
    pick_record,
    text_column,
)


def experiment_table(
    found: Sequence[Experiment], batches: Mapping[str, Sequence[Batch]], *, of_set: str | None, baseline: str | None
) -> None:
    """Experiments with what their first judge found.

    Args:
        of_set: id of the set that all of them are of.
        baseline: id of the set's baseline.
    """
    columns: list[Column[Experiment]] = [
        text_column("Name", lambda one: one.name, 230),
        text_column("Set", lambda one: one.set_name, 170),
        number_column("Version", lambda one: one.set_version, 64, note="Of the test set"),
        text_column("Judges", _judges, 190),
        percent_column(
            "Pass rate", lambda one: _rate(one, batches[one.experiment_id][0]), 80, "Of all items, by the first judge"
        ),
        number_column(
            "Mean", lambda one: batches[one.experiment_id][0].mean, 70, "%.3f", "Normalised score, by the first judge"
        ),
        text_column("Outputs", lambda one: f"{one.rows:,} / {one.total:,}", 90, "Items with an output, of all"),
        text_column("State", lambda one: _state(batches[one.experiment_id]), 90),
        moment_column("Begun", lambda one: one.created_on),
        text_column("Baseline", lambda one: "yes" if one.experiment_id == baseline else None, 80),
        text_column("Id", lambda one: one.experiment_id, 150),
    ]
    shown = [one.name for one in columns if one.name != ("Baseline" if of_set is None else "Set")]
    pick_record(
        "experiments", found, columns, lambda one: one.experiment_id, leads.opens("experiments", "experiment"),
        alt="Experiments", shown=shown,
    )  # fmt: skip


def _judges(one: Experiment) -> str:
    return ", ".join(text.judge_name(judged.judge_name, judged.judge_id) for judged in one.judges)


def _rate(one: Experiment, first: Batch) -> float | None:
    return first.passed / (one.total - first.left) if one.total - first.left else None


def _state(batches: Sequence[Batch]) -> str:
    left = sum(batch.left for batch in batches)
    return f"{left:,} left" if left else "finished"


def open_experiment(experiment_id: str | None) -> None:
    """Show an experiment, or the list. For callbacks of the page of experiments."""
    filters.navigate(
        {"experiment": experiment_id, **dict.fromkeys(("new", "judge", "baseline", "pairs", "item", "set"))}
    )
