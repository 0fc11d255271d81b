"""The list of experiments, of a set or of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from console.records import Batch, Experiment
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.clock import time_column
from console.ui.frame.controls import filters
from console.ui.frame.controls.picker import pick_row


def experiment_table(
    found: Sequence[Experiment], batches: Mapping[str, Sequence[Batch]], *, of_set: str | None, baseline: str | None
) -> None:
    """Experiments with what their first judge found.

    Args:
        of_set: id of the set that all of them are of.
        baseline: id of the set's baseline.
    """
    config = st.column_config
    frame = pd.DataFrame([_experiment_row(one, batches[one.experiment_id], baseline) for one in found])
    columns = {
        "Name": config.TextColumn(width=230),
        "Set": config.TextColumn(width=170),
        "Version": config.NumberColumn(width=64, help="Of the test set"),
        "Judges": config.TextColumn(width=190),
        "Pass rate": config.NumberColumn(format="%.1f %%", width=80, help="Of all items, by the first judge"),
        "Mean": config.NumberColumn(format="%.3f", width=70, help="Normalised score, by the first judge"),
        "Outputs": config.TextColumn(width=90, help="Items with an output, of all"),
        "State": config.TextColumn(width=90),
        "Begun": time_column("Begun", "D MMM YYYY, HH:mm", 140),
        "": config.TextColumn(width=80),
        "Id": config.TextColumn(width=150),
    }
    order = [name for name in columns if name != ("" if of_set is None else "Set")]
    ids = [one.experiment_id for one in found]
    pick_row("experiments", frame, ids, columns, None, _open_experiment, alt="Experiments", order=order)


def _experiment_row(one: Experiment, batches: Sequence[Batch], baseline: str | None) -> dict[str, object]:
    first, counts = batches[0], sum(batch.left for batch in batches)
    return {
        "Name": one.name,
        "Set": one.set_name,
        "Version": one.set_version,
        "Judges": ", ".join(text.judge_name(judged.judge_name, judged.judge_id) for judged in one.judges),
        "Pass rate": 100 * first.passed / (one.total - first.left) if one.total - first.left else None,
        "Mean": first.mean,
        "Outputs": f"{one.rows:,} / {one.total:,}",
        "State": f"{counts:,} left" if counts else "finished",
        "Begun": one.created_on,
        "": "baseline" if one.experiment_id == baseline else None,
        "Id": one.experiment_id,
    }


def _open_experiment(experiment_id: str) -> None:
    leads.leave_for("experiments", {"experiment": experiment_id})


def open_experiment(experiment_id: str | None) -> None:
    """Show an experiment, or the list. For callbacks of the page of experiments."""
    filters.navigate(
        {"experiment": experiment_id, **dict.fromkeys(("new", "judge", "baseline", "pairs", "item", "set"))}
    )
