"""Calibration: what human labels say about a case's threshold, a suggestion, and the labelled runs that would flip.

The URL holds the question: `?judge=`, `?human=` (from where people's scores pass), `?objective=`, for the
objective of cost `?fp=` and `?fn=`, and `?labels=all` for every label alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from console.actions.labels.counted import Counted, counted
from console.actions.runs.labelled import Labelled, load_labelled
from console.actions.thresholds.calibration import Calibration, Flip, calibrate, flipped
from console.judging.analysis.calibration import Checked, Objective, Weights
from console.judging.analysis.statistics import Quality, kappa_words
from console.records import Case
from console.services import Services
from console.ui.charts import leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.controls import choices, filters, linked
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.frame.controls.filters import Selection
from console.ui.frame.navigation import link_to
from console.ui.thresholds.calibration_chart import quality_chart
from console.ui.thresholds.form import REASON
from console.ui.thresholds.what_if import threshold_text

SAMPLE = 2_000
"""Labelled runs that the section looks at, the latest ones: it is drawn again with every move of the line."""
OBJECTIVES = {Objective.F1: "F1", Objective.KAPPA: "Kappa", Objective.COST: "Cost"}
PARAMS = ("judge", "human", "objective", "fp", "fn", "labels")
_BEST = {Objective.F1: "best F1", Objective.KAPPA: "best kappa", Objective.COST: "least cost"}
_SHOWN = 20
_KNOWN, _EVERY = "known", "all"
_MOST_COST = 1_000.0
_FIELD: dict[str, Any] = {"format": "%g", "width": 150}


def section(shared: Services, case: Case, selection: Selection, threshold: float) -> Labelled:
    """The whole card; returns the labelled runs that it was made from.

    Args:
        threshold: the threshold that somebody thinks about.
    """
    wanted = selection.wanted
    with st.container(border=True, key="card-calibration", gap="xsmall"):
        st.header("Calibration against human labels", anchor=False)
        labelled = load_labelled(
            shared,
            case.case_id,
            judge_id=wanted.judge_id,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
            human_threshold=linked.number("human", 1.0),
            most=SAMPLE,
        )
        objective, weights = _objective(), _weights()
        every = st.query_params.get("labels") == _EVERY
        used = counted(labelled, wanted.judge_id, every=every)
        found = calibrate(labelled, used.runs, objective, weights, used.speaks)
        st.caption(_said(labelled, used))
        with st.container(horizontal=True, vertical_alignment="bottom", key="calibration-controls"):
            _controls(shared, found, used)
        if not labelled.runs:
            _nothing(case)
            return labelled
        with st.container(horizontal=True, gap="large", key="calibration-split"):
            with st.container(key="calibration-chart"):
                panel = quality_chart(found, threshold)
                draw(stacked(panel), [panel], "calibration.quality")
            with st.container(key="calibration-side"):
                _suggestion(found)
        _flips(flipped(labelled.runs, case.threshold.score, threshold), case, threshold)
        return labelled


def _nothing(case: Case) -> None:
    st.caption("There are no labelled runs with a score in these days. Label some in the review queue.")
    link_to("review", case=case.case_id)


def _said(labelled: Labelled, used: Counted) -> str:
    """What the figures are from, for which runs they hold, and what counts as a pass by people."""
    runs = len(labelled.runs)
    of = f"{runs:,} labelled run{'s' * (runs != 1)}" if labelled.complete else f"The latest {SAMPLE:,} labelled runs"
    unscored = f"; {labelled.unscored:,} more without a score by the judge do not count" if labelled.unscored else ""
    return (
        f"{of} of these days{unscored}. {_counts(used, runs)}A label with a verdict counts as it is; one with only a "
        f"score passes from {labelled.human_threshold:.2f} (normalised). Bands are 95 % bootstrap intervals."
    )


def _counts(used: Counted, runs: int) -> str:
    """For which runs the figures hold, in a sentence; nothing without runs."""
    unknown = runs - used.known
    if not runs:
        return ""
    if used.weighed:
        out = f"; {unknown:,} of unknown odds are left out" if unknown else ""
        return f"{used.known:,} were drawn with known odds and count for the runs that they stand for{out}. "
    why = f"{unknown:,} do not say with what odds their run was chosen" if unknown else "they are too few to be weighed"
    return (
        f":material/warning: Every label counts alike, but {why}: the suggestion is for these runs, and may not be "
        "the best for all. "
    )


# --- the question ------------------------------------------------------------------------------------------


def _controls(shared: Services, found: Calibration, used: Counted) -> None:
    labelled, weights = found.labelled, found.weights
    asked = st.query_params.get("judge") or None
    choices.judge_control("calibration", shared.judges.of_case(labelled.case.case_id), asked, width=200)
    linked.number_field("calibration", "human", "People pass from", labelled.human_threshold, 1.0, step=0.05, **_FIELD)
    linked.segments(
        "calibration", "objective", "Best at", OBJECTIVES, found.objective, label_visibility="visible",
        help="What the suggested threshold is best at. Cost: the least sum of false passes and false fails.",
    )  # fmt: skip
    if used.suffice and used.known < len(labelled.runs):
        _labels_control(len(labelled.runs), used)
    if found.objective is Objective.COST:
        for name, label, cost in (("fp", "pass", weights.false_pass), ("fn", "fail", weights.false_fail)):
            linked.number_field("calibration", name, f"A false {label} costs", cost, _MOST_COST, step=1.0, **_FIELD)


def _labels_control(runs: int, used: Counted) -> None:
    names = {_KNOWN: f"Known odds ({used.known:,})", _EVERY: f"All {runs:,} alike"}
    linked.segments(
        "calibration", "labels", "Labels", names, _KNOWN if used.weighed else _EVERY, label_visibility="visible",
        help="Labels whose run was drawn with known odds speak for all runs; the others only for themselves.",
    )  # fmt: skip


def _objective() -> Objective:
    asked = st.query_params.get("objective")
    return Objective(asked) if asked in set(Objective) else Objective.F1


def _weights() -> Weights:
    false_pass, false_fail = linked.number("fp", _MOST_COST), linked.number("fn", _MOST_COST)
    return Weights(1.0 if false_pass is None else false_pass, 1.0 if false_fail is None else false_fail)


# --- the answer --------------------------------------------------------------------------------------------


def _suggestion(found: Calibration) -> None:
    """The suggested threshold with what it does to the runs that it was not chosen on."""
    best = found.suggestion
    if best.threshold is None or best.held_out is None or best.present is None:
        st.caption(best.why)
        _table({"All runs": found.now}, costs=False)
        return
    held = best.held_out.confusion.n
    st.metric(
        f"Suggested threshold, {_BEST[found.objective]}", threshold_text(best.threshold),
        f"{best.threshold - found.present:+.2f} against the present", delta_color="off",
        delta_arrow="off" if best.threshold == found.present else "auto",
        help=f"Chosen on {best.chosen_on:,} labelled runs; the figures below are of the {held:,} others. Passes and "
        "fails are halved apart, by a fixed draw, so that a run stays in its half when others are labelled.",
    )  # fmt: skip
    st.caption(f"Chosen on {best.chosen_on:,} runs, checked on {held:,} others:")
    _table({"Suggested": best.held_out, "Present": best.present}, costs=found.objective is Objective.COST)
    st.button(
        "Use this threshold", key="calibration.use", icon=":material/arrow_upward:", width="stretch",
        on_click=_use, args=(best.threshold, _reason(found)), disabled=best.threshold == found.present,
        help="Moves the line to it and fills in the reason; nothing changes until it is applied.",
    )  # fmt: skip


def _table(columns: dict[str, Checked], *, costs: bool) -> None:
    rows = {label: {name: _cell(one.quality, key) for name, one in columns.items()} for key, label in _FIGURES.items()}
    if costs:
        rows["Cost per run"] = {name: text.score(one.cost) for name, one in columns.items()}
    seen = {name: one.confusion for name, one in columns.items()}
    rows["False passes"] = {name: f"{one.false_pass:,} of {one.n:,}" for name, one in seen.items()}
    rows["False fails"] = {name: f"{one.false_fail:,} of {one.n:,}" for name, one in seen.items()}
    config = st.column_config
    st.dataframe(
        pd.DataFrame.from_dict(rows, orient="index"),
        column_config={
            "_index": config.TextColumn("Figure", width=88),
            **{name: config.TextColumn(width=118) for name in columns},
        },
        placeholder=text.NOTHING, alt="Quality of the verdicts",
    )  # fmt: skip


_FIGURES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "kappa": "Kappa"}


def _cell(of: Quality, name: str) -> str:
    one = getattr(of, name)
    if one.value is None:
        return text.NOTHING
    interval = "" if one.low is None else f" ({one.low:.2f}–{one.high:.2f})"
    return f"{one.value:.2f}{interval}"


def _reason(found: Calibration) -> str:
    """What the ledger should remember, to be edited."""
    best = found.suggestion
    held = best.held_out.quality if best.held_out else None
    after = before = ""
    if held and held.kappa.value is not None:
        after = f", kappa {held.kappa.value:.2f} ({kappa_words(held.kappa.value)})"
    if held and held.f1.value is not None:
        before = f" F1 {held.f1.value:.2f}"
    checked = best.held_out.confusion.n if best.held_out else 0
    return (
        f"The {_BEST[found.objective]} against human labels: chosen on {best.chosen_on} runs; on {checked} "
        f"others{before}{after}."
    )


def _use(threshold: float, reason: str) -> None:
    if not st.session_state.get(REASON):
        st.session_state[REASON] = reason
    filters.navigate({"threshold": f"{threshold:.2f}"})


def _flips(flips: Sequence[Flip], case: Case, threshold: float) -> None:
    """The labelled runs between the present threshold and the line."""
    present = case.threshold.score
    if not flips:
        same = threshold == present
        st.caption(
            "Move the line to see which labelled runs would change their result."
            if same
            else "No labelled run would change its result between "
            f"{threshold_text(present)} and {threshold_text(threshold)}."
        )
        return
    better = sum(flip.agrees for flip in flips)
    st.caption(
        f"{len(flips):,} labelled run{'s' * (len(flips) != 1)} would change between {threshold_text(present)} and "
        f"{threshold_text(threshold)}: {better:,} to what people say, {len(flips) - better:,} away from it"
        + (f". The first {_SHOWN} are listed." if len(flips) > _SHOWN else ".")
    )
    words = {True: "pass", False: "fail"}
    columns: list[Column[Flip]] = [
        text_column("Run", lambda flip: str(flip.run.row.run_id), 60, right=True),
        number_column("Score", lambda flip: flip.run.judge, 65, "%.3f", "The judge's, normalised"),
        number_column("People", lambda flip: flip.run.human, 65, "%.3f", "Mean of the human scores, normalised"),
        text_column("People say", lambda flip: words[flip.run.passed], 80),
        text_column("Would", lambda flip: words[flip.passes], 60),
        text_column("Then", lambda flip: "● as people say" if flip.agrees else "▼ against people", 130),
        text_column("Text", lambda flip: flip.run.row.preview, 520),
    ]
    pick_record(
        "calibration", flips[:_SHOWN], columns, lambda flip: str(flip.run.row.run_id), leads.open_runs,
        alt="Labelled runs that would flip",
    )  # fmt: skip
