"""An experiment against its baseline: what changed, item by item, the two outputs side by side, and the gate."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.sets.comparison import PairedRow, Pairing, compare
from console.actions.sets.gate import Asked, Decision, Outcome, decide
from console.actions.sets.results import JudgeResults, Row
from console.errors import NotFound
from console.records import Experiment, Run
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.card import card
from console.ui.frame.controls import linked
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.frame.navigation import link_to
from console.ui.runs.page import text_difference
from console.ui.runs.verdicts import colored, result_words

KEY = "experiment"
_RECENT = 100
_MOST = 500
_CHANCE = 0.05
_BEFORE = "Normalised score in the baseline"
_SHOW = ("Regressed", "Improved", "Lower scores", "Higher scores", "All")
_SIGNS = {
    Outcome.PASSED: ("green", "check"),
    Outcome.FAILED: ("red", "close"),
    Outcome.UNSURE: ("orange", "question_mark"),
}


def verdict_words(row: Row | None) -> str:
    """How an item ended."""
    return result_words(row.found if row else None)


def comparison(shared: Services, experiment: Experiment, results: Sequence[JudgeResults], found: JudgeResults) -> None:
    """The chooser of the baseline, what changed from it, and the gate.

    Args:
        found: the one of the results that the page shows.
    """
    pairings: list[Pairing] = []
    with card("Against a baseline", "Item by item: what is missing is no pass", "experiment-pairs"):
        baseline = _baseline(shared, experiment)
        if baseline is not None:
            with boundary(f"{KEY}.pairs"):
                pairings = compare(shared, baseline, experiment, results)
                pairing = next((one for one in pairings if one.after is found), None)
                if pairing is None:
                    st.caption("The baseline has no result by this judge, and none for its case.")
                else:
                    _changes(shared, pairing)
    _gate(experiment, baseline, found, pairings)


def _baseline(shared: Services, experiment: Experiment) -> Experiment | None:
    """The experiment that the address asks for, else the set's baseline, else the one before."""
    others = [
        one for one in shared.experiments.of_set(experiment.set_id, _RECENT).items
        if one.experiment_id != experiment.experiment_id
    ]  # fmt: skip
    if not others:
        st.caption("There is no other experiment of the test set yet.")
        return None
    known = {one.experiment_id: one for one in others}
    asked = st.query_params.get("baseline") or shared.sets.get(experiment.set_id).baseline
    earlier = [one for one in others if one.created_on < experiment.created_on]
    chosen = known.get(asked or "") or (earlier or others)[0]
    options = {one: f"{found.name}, {text.moment(found.created_on)} ({one})" for one, found in known.items()}
    linked.choice(
        f"{KEY}.against", "baseline", "Baseline", options, chosen.experiment_id, ("item", "pairs"), index=0, width=460
    )
    return chosen


def _changes(shared: Services, pairing: Pairing) -> None:
    flips, found, gain = pairing.flips, pairing.difference(), pairing.gain
    with st.grid(columns=4, min_column_width=130, gap=8, key="experiment-pair-figures"):
        st.metric("Improved", text.count(flips.improved), help="Items that pass now and did not")
        st.metric("Regressed", text.count(flips.regressed), help="Items that passed and do not now, missing ones too")
        st.metric(
            "Pass rate", _points(found.value), f"95 %: {_points(found.low)} to {_points(found.high)}",
            delta_color="off", delta_arrow="off", help=f"Now less before, over {found.n:,} items. {found.method}",
        )  # fmt: skip
        ends = f"95 %: {gain.low:+.3f} to {gain.high:+.3f}" if gain.low is not None else gain.why
        st.metric(
            "Mean score", text.NOTHING if gain.value is None else f"{gain.value:+.3f}", ends or None,
            delta_color="off", delta_arrow="off", help=f"Mean difference of {gain.n:,} items with both scores",
        )  # fmt: skip
    st.caption(_in_words(pairing))
    for one in pairing.differences:
        st.caption(f":orange[Not the same as in the baseline:] {text.plain(one, 600)}")
    if pairing.changed_items:
        st.caption(f"{text.plural(pairing.changed_items, 'item')} differ between the versions of the set: left out.")
    _table(shared, pairing)


def _in_words(pairing: Pairing) -> str:
    chance = pairing.p_value
    if not pairing.flips.improved + pairing.flips.regressed:
        return "No verdict differs."
    if chance < _CHANCE:
        return f"So many differences in one direction are hardly chance (McNemar, p {chance:.3f})."
    return f"That may well be chance (McNemar, p {chance:.3f})."


def _points(value: float | None) -> str:
    return text.NOTHING if value is None else f"{value * 100:+.1f} points"


def _table(shared: Services, pairing: Pairing) -> None:
    lists = dict(
        zip(_SHOW, (pairing.regressed, pairing.improved, pairing.worse, pairing.better, pairing.rows), strict=True)
    )
    asked = st.query_params.get("pairs", "")
    first = next((name for name in _SHOW if lists[name]), _SHOW[-1])
    options = {name: f"{name} {len(rows):,}" for name, rows in lists.items()}
    rows = lists[linked.segments(KEY, "pairs", "Items", options, asked if asked in lists else first, ("item",))]
    if not rows:
        st.caption("None")
        return
    columns: list[Column[PairedRow]] = [
        text_column("Key", lambda row: row.key, 170),
        number_column("Before", lambda row: row.before.score if row.before else None, 80, "%.3f", _BEFORE),
        number_column("Now", lambda row: row.after.score if row.after else None, 80, "%.3f"),
        number_column("Change", lambda row: row.gain, 80, "%+.3f"),
        text_column("Result before", lambda row: verdict_words(row.before), 110),
        text_column("Result now", lambda row: verdict_words(row.after), 110),
        text_column("Tags", lambda row: ", ".join(some.item.tags) if (some := row.after or row.before) else None, 180),
    ]
    opened = st.query_params.get("item")
    pick_record(
        "experiment-pairs", rows[:_MOST], columns, lambda row: row.key, linked.opens("item"),
        alt="Items in both experiments", picked=opened,
        style=lambda frame: colored(frame, "Result before", "Result now"),
    )  # fmt: skip
    if len(rows) > _MOST:
        st.caption(f"The first {_MOST:,} of {len(rows):,}; `experiment show --json` has all.")
    chosen = next((row for row in pairing.rows if row.key == opened), None)
    if chosen:
        _side_by_side(shared, chosen)


def _side_by_side(shared: Services, row: PairedRow) -> None:
    """The item with both outputs, their differences, and what the judge said of each."""
    sides = [(title, one, _run(shared, one)) for title, one in (("Before", row.before), ("Now", row.after))]
    runs = [run for _, _, run in sides if run is not None]
    if not runs:
        st.caption("The runs of the item are gone.")
        return
    with st.container(border=True, key="experiment-item", gap="small"):
        st.subheader(text.plain(row.key, 80), anchor=False)
        artifact = runs[-1].evaluated_artifact
        for name, words in (("Question", artifact.input), ("Reference", artifact.expected_output)):
            if words:
                st.caption(name)
                st.text(text.shorten(words, 2_000))
        if len(runs) > 1:
            old, new = (run.evaluated_artifact.evaluation_target for run in runs)
            text_difference(old, new, "Output before", "Output now", "Output")
        with st.grid(columns=2, min_column_width=320, gap=14, key="experiment-item-sides") as grid:
            for title, one, run in sides:
                with grid.cell():
                    st.caption(f"{title}: {verdict_words(one)}, {text.score(one.score if one else None)}")
                    if run is None:
                        st.caption("No output")
                        continue
                    if len(runs) == 1:
                        st.text(text.shorten(run.evaluated_artifact.evaluation_target, 4_000))
                    said = (run.results.reasons if run.results else [run.error_message or ""])[:1]
                    st.text(text.shorten(said[0], 1_500) if said else "")
                    link_to("run", f"Run {run.run_id}", ":material/article:", run=str(run.run_id))


def _run(shared: Services, row: Row | None) -> Run | None:
    if row is None:
        return None
    try:
        return shared.runs.get(row.run_id)
    except NotFound:
        return None


def _gate(
    experiment: Experiment, baseline: Experiment | None, found: JudgeResults, pairings: Sequence[Pairing]
) -> None:
    """The same decision that the command `gate` makes in CI."""
    with card("Gate", "As the command `gate` would decide in CI", "experiment-gate"):
        with st.container(horizontal=True, vertical_alignment="bottom", key="experiment-gate-form"):
            least = st.number_input(
                "Least pass rate, %", 0.0, 100.0, None, 1.0, key=f"{KEY}.least", placeholder="None", width=170
            )
            drop = st.number_input(
                "Largest drop, points", 0.0, 100.0, 0.0, 1.0, key=f"{KEY}.drop", width=170, disabled=baseline is None,
                help="Of the pass rate, against the baseline",
            )  # fmt: skip
            confidence = st.selectbox("Confidence", [0.8, 0.9, 0.95, 0.99], 2, key=f"{KEY}.confidence", width=130)
        if least is None and baseline is None:
            st.caption("Give a least pass rate, or choose a baseline.")
            return
        asked = Asked(
            None if least is None else least / 100, drop / 100 if baseline else None, confidence=confidence or 0.95
        )
        with boundary(f"{KEY}.gate"):
            (decision,) = decide(experiment, [found], asked, baseline, pairings)
            _decision(decision)


def _decision(one: Decision) -> None:
    for name, state, words in (
        ("The gate", one.outcome, ""),
        *((criterion.name, criterion.outcome, criterion.words) for criterion in one.criteria),
    ):
        color, icon = _SIGNS[state]
        st.markdown(
            f":{color}[:material/{icon}: **{state}**] {text.plain(name)}{f': {text.plain(words)}' if words else ''}"
        )
    for note in one.notes:
        st.caption(text.plain(note, 600))
