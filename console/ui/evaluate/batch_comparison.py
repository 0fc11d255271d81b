"""A batch against another one, row by row: what improved, what regressed, and the texts behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from console.actions.batches import exports
from console.actions.batches.comparison import BatchComparison, Pair, PairedBy, ShowPairs, compare, older_first
from console.actions.batches.results import BatchResults
from console.actions.runs.comparison import Change
from console.errors import NotFound
from console.records import Batch, BatchRow, RowResult, utcnow
from console.services import Services
from console.ui.charts import leads
from console.ui.evaluate.batch_list import KEY
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters, linked
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.runs.comparison import CHANGES
from console.ui.runs.verdicts import colored, result_words

_RECENT = 50
_MOST = 500
"""Pairs that the table shows; the export has all."""
_SHOWN = 160
_Results = Callable[[Batch], BatchResults]


def chooser(shared: Services, batch: Batch) -> None:
    """Which batch this one is compared with; those by the same judge come first."""
    with card("Compare", "Row by row with another batch; the older one is the baseline", "batch-compare"):
        others = [one for one in shared.batches.list(limit=_RECENT).items if one.batch_id != batch.batch_id]
        others.sort(key=lambda one: one.judge_id != batch.judge_id)
        names = {one.batch_id: f"{one.name}, {text.moment(one.created_on)}" for one in others}
        asked = st.query_params.get("baseline")
        if asked and asked not in names:
            names[asked] = text.shorten(asked, 40)
        if not names:
            st.caption("There is no other batch yet.")
            return
        options = filters.distinct(names)
        linked.choice(
            KEY, "baseline", "Another batch", {one: options[one] for one in names}, asked, ("pairs", "by"),
            placeholder="Choose a batch",
        )  # fmt: skip


def comparison(shared: Services, results: BatchResults, results_of: _Results) -> None:
    """The comparison that the address asks for; nothing when it asks for none."""
    asked = st.query_params.get("baseline")
    if not asked or asked == results.batch.batch_id:
        return
    try:
        other = results_of(shared.batches.get(asked))
    except NotFound as error:
        st.caption(text.plain(error))
        return
    by = next((one for one in PairedBy if one.value == st.query_params.get("by")), None)
    view = compare(*older_first(results, other), by)
    with card("Row by row", "A click on a row shows both runs beside each other", "batch-pairs"):
        st.markdown(_against(view))
        _counts(view)
        _verdicts(view)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch-pairs-head"):
            show = _show(view)
            _paired_by(view)
            st.download_button(
                "Export", data=lambda: exports.pairs_csv(view), mime="text/csv", key=f"{KEY}.pairs.export",
                icon=":material/download:", on_click="ignore", file_name=f"batches-{utcnow():%Y%m%d-%H%M}.csv",
            )  # fmt: skip
        _table(shared, view, view.shown(show))


def _against(view: BatchComparison) -> str:
    before, after = view.baseline.batch, view.candidate.batch
    return f"**{text.plain(after.name, 60)}** against the baseline **{text.plain(before.name, 60)}**" + (
        ""
        if before.judge_id == after.judge_id
        else ". They were judged by different judges: scores may differ for that"
    )


def _counts(view: BatchComparison) -> None:
    """Improved, regressed, and the mean difference with its interval."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch-pairs-counts"):
        for change, (mark, color) in CHANGES.items():
            number = view.count(change)
            st.badge(f"{mark} {number:,} {change}", color=color if number else "gray")
    found = view.mean_difference()
    if found.value is None:
        st.caption("No row has a score in both.")
        return
    between = f", 95 % interval {found.low:+.3f} to {found.high:+.3f}" if found.low is not None else ""
    unsure = found.low is not None and found.high is not None and found.low <= 0 <= found.high
    st.caption(
        f"Mean difference of the normalised score {found.value:+.3f}{between}, over {text.plural(found.n, 'pair')}"
        + (": it may well be chance." if unsure else ".")
    )


def _verdicts(view: BatchComparison) -> None:
    before, after = view.baseline.tally(), view.candidate.tally()
    lost, won = len(view.shown(ShowPairs.LOST)), len(view.shown(ShowPairs.WON))
    st.caption(
        f"Pass rate {text.percent(before.pass_rate)} before, {text.percent(after.pass_rate)} now: "
        f"{won:,} pass now only, {lost:,} passed before only. Rows are paired by their {view.by.value}."
    )


def _show(view: BatchComparison) -> ShowPairs:
    """Which pairs; the URL holds it."""
    asked = st.query_params.get("pairs")
    first = ShowPairs.REGRESSED if view.count(Change.REGRESSED) else ShowPairs.ALL
    options = {one: f"{one.value} {len(view.shown(one)):,}" for one in ShowPairs}
    return linked.segments(KEY, "pairs", "Pairs", options, next((one for one in ShowPairs if one == asked), first))


def _paired_by(view: BatchComparison) -> None:
    """What pairs the rows, where there is a choice."""
    if len(view.possible) > 1:
        options = {one: f"Paired by {one.value}" for one in view.possible}
        linked.choice(KEY, "by", "Paired by", options, view.by, index=0, label_visibility="collapsed", width=190)


def _table(shared: Services, view: BatchComparison, pairs: Sequence[Pair]) -> None:
    if not pairs:
        st.caption("None")
        return
    shown = pairs[:_MOST]
    pick_record(
        "batch-pairs", shown, _columns(_texts(shared, view, shown)), _id, leads.open_runs, alt="Pairs of rows",
        style=lambda frame: colored(frame, "Result before", "Result now"),
    )  # fmt: skip
    if len(pairs) > len(shown):
        st.caption(f"The first {_MOST:,} of {len(pairs):,}; the export has all.")


def _columns(texts: Mapping[tuple[bool, int], BatchRow]) -> list[Column[Pair]]:
    """The columns of the table.

    Args:
        texts: as `_texts` makes them.
    """

    def row(pair: Pair, *, before: bool) -> BatchRow | None:
        side = pair.before if before else pair.after
        return texts.get((before, side.number)) if side else None

    def target(pair: Pair, *, before: bool) -> str:
        found = row(pair, before=before)
        return text.line(found.artifact.evaluation_target, _SHOWN) if found else ""

    def other_target(pair: Pair) -> str:
        old = target(pair, before=True)
        return old if old != target(pair, before=False) else ""

    def question(pair: Pair) -> str:
        some = row(pair, before=False) or row(pair, before=True)
        return text.line(some.artifact.input or "", _SHOWN) if some else ""

    return [
        text_column("Name", _key, 110, spare=True),
        number_column("Before", lambda pair: _score(pair.before), 68, "%.3f", "Normalised score in the baseline"),
        number_column("Now", lambda pair: _score(pair.after), 68, "%.3f"),
        number_column("Change", lambda pair: pair.difference, 76, "%+.3f"),
        text_column("Result before", lambda pair: result_words(pair.before), 96),
        text_column("Result now", lambda pair: result_words(pair.after), 96),
        text_column("Question", question, 170, spare=True),
        text_column("Text before", other_target, 250, spare=True),
        text_column("Text now", partial(target, before=False), 250),
    ]


def _texts(shared: Services, view: BatchComparison, pairs: Sequence[Pair]) -> dict[tuple[bool, int], BatchRow]:
    """The rows behind the pairs by side (the baseline's is True) and number. One BatchGet per 100."""
    found: dict[tuple[bool, int], BatchRow] = {}
    for side, results in ((True, view.baseline), (False, view.candidate)):
        rows = [pair.before if side else pair.after for pair in pairs]
        numbers = [row.number for row in rows if row is not None]
        found |= {(side, row.number): row for row in shared.batches.numbered(results.batch.batch_id, numbers)}
    return found


def _key(pair: Pair) -> str:
    return next((row.key for row in (pair.after, pair.before) if row and row.key), "")


def _score(row: RowResult | None) -> float | None:
    return row.normalized if row else None


def _id(pair: Pair) -> str:
    """The ids of the runs behind a pair, the baseline's first."""
    return ",".join(str(row.run_id) for row in (pair.before, pair.after) if row)
