"""A batch against another one, row by row: what improved, what regressed, and the texts behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from console.actions.batches import exports
from console.actions.batches.comparison import BatchComparison, Pair, PairedBy, ShowPairs, compare, older_first
from console.actions.batches.results import BatchResults
from console.actions.runs.comparison import Change
from console.errors import NotFound
from console.records import Batch, BatchRow, utcnow
from console.services import Services
from console.ui.charts import leads
from console.ui.evaluate.batch_list import KEY
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.controls.picker import pick_row
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
        key = f"{KEY}.baseline"
        st.session_state[key] = asked
        st.selectbox(
            "Another batch", [one for one in names if one in options], key=key, index=None,
            format_func=options.__getitem__, placeholder="Choose a batch",
            on_change=lambda: filters.navigate({"baseline": st.session_state[key], "pairs": None, "by": None}),
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
    key = f"{KEY}.pairs"
    asked = st.query_params.get("pairs")
    first = ShowPairs.REGRESSED if view.count(Change.REGRESSED) else ShowPairs.ALL
    st.session_state[key] = next((one for one in ShowPairs if one.value == asked), first)
    chosen = st.segmented_control(
        "Pairs", list(ShowPairs), key=key, required=True, label_visibility="collapsed",
        format_func=lambda one: f"{one.value} {len(view.shown(one)):,}",
        on_change=lambda: filters.navigate({"pairs": st.session_state[key].value}),
    )  # fmt: skip
    return chosen or first


def _paired_by(view: BatchComparison) -> None:
    """What pairs the rows, where there is a choice."""
    if len(view.possible) < 2:
        return
    key = f"{KEY}.by"
    st.session_state[key] = view.by
    st.selectbox(
        "Paired by", view.possible, key=key, label_visibility="collapsed", width=190,
        format_func=lambda one: f"Paired by {one.value}",
        on_change=lambda: filters.navigate({"by": st.session_state[key].value}),
    )  # fmt: skip


def _table(shared: Services, view: BatchComparison, pairs: Sequence[Pair]) -> None:
    if not pairs:
        st.caption("None")
        return
    shown = pairs[:_MOST]
    texts = _texts(shared, view, shown)
    frame = pd.DataFrame([_cells(pair, texts) for pair in shown])
    config = st.column_config
    columns = {
        "Name": config.TextColumn(width=110),
        "Before": config.NumberColumn(format="%.3f", width=68, help="Normalised score in the baseline"),
        "Now": config.NumberColumn(format="%.3f", width=68),
        "Change": config.NumberColumn(format="%+.3f", width=76),
        "Result before": config.TextColumn(width=96),
        "Result now": config.TextColumn(width=96),
        "Question": config.TextColumn(width=170),
        "Text before": config.TextColumn(width=250),
        "Text now": config.TextColumn(width=250),
    }
    always = ("Before", "Now", "Change", "Result before", "Result now", "Text now")
    some = [name for name in columns if name in always or frame[name].any()]
    pick_row(
        "batch-pairs", colored(frame, "Result before", "Result now"), [_id(pair) for pair in shown], columns, None,
        leads.open_runs, alt="Pairs of rows", order=some,
    )  # fmt: skip
    if len(pairs) > len(shown):
        st.caption(f"The first {_MOST:,} of {len(pairs):,}; the export has all.")


def _texts(shared: Services, view: BatchComparison, pairs: Sequence[Pair]) -> dict[tuple[bool, int], BatchRow]:
    """The rows behind the pairs by side (the baseline's is True) and number. One BatchGet per 100."""
    found: dict[tuple[bool, int], BatchRow] = {}
    for side, results in ((True, view.baseline), (False, view.candidate)):
        rows = [pair.before if side else pair.after for pair in pairs]
        numbers = [row.number for row in rows if row is not None]
        found |= {(side, row.number): row for row in shared.batches.numbered(results.batch.batch_id, numbers)}
    return found


def _cells(pair: Pair, texts: dict[tuple[bool, int], BatchRow]) -> dict[str, object]:
    before, after = pair.before, pair.after
    left = texts.get((True, before.number)) if before else None
    right = texts.get((False, after.number)) if after else None
    old, new = (_line(row.artifact.evaluation_target) if row else "" for row in (left, right))
    some = right or left
    return {
        "Name": (after.key if after else "") or (before.key if before else ""),
        "Before": before.normalized if before else None,
        "Now": after.normalized if after else None,
        "Change": pair.difference,
        "Result before": result_words(before),
        "Result now": result_words(after),
        "Question": _line(some.artifact.input or "") if some else "",
        "Text before": old if old != new else "",
        "Text now": new,
    }


def _line(words: str) -> str:
    return text.shorten(" ".join(words[: 2 * _SHOWN].split()), _SHOWN)


def _id(pair: Pair) -> str:
    """The ids of the runs behind a pair, the baseline's first."""
    return ",".join(str(row.run_id) for row in (pair.before, pair.after) if row)
