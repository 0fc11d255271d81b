"""The what-if of a threshold: the histogram with the line in it, three ways to move the line, and what follows.

The URL holds the threshold (`?threshold=0.62`) and what it is compared with (`?against=today`). The chart keeps the
line in a selection of its own; it is made anew only when something else moves the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from console.actions.runs.totals import Tally
from console.actions.thresholds.thresholds import ThresholdView
from console.actions.thresholds.what_if import WhatIf, on_grid, what_if
from console.records import BINS, Case, Rollup, Verdict
from console.ui.frame import text
from console.ui.frame.controls import linked
from console.ui.frame.controls.columns import Column, number_column, show_records, text_column
from console.ui.frame.controls.filters import Selection, navigate
from console.ui.frame.navigation import link_to
from console.ui.thresholds.what_if_chart import histogram_chart

AGAINST = {"judged": "As judged", "today": "Under today's threshold"}
_ANCHOR = "thresholds.anchor"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A threshold that somebody thinks about."""

    threshold: float
    """Normalised, 0..1, as it would be applied."""
    today: float | None
    """What to compare with: today's threshold for all runs, or None for the verdicts as judged."""

    @property
    def exact(self) -> bool:
        """Whether the figures are for this very threshold, not for its nearest hundredth."""
        return on_grid(self.threshold) == self.threshold


def proposal(case: Case) -> Proposal:
    """What the URL asks for; today's threshold when it asks for nothing that makes sense."""
    asked = linked.number("threshold")
    against_today = st.query_params.get("against") == "today"
    return Proposal(case.threshold.score if asked is None else asked, case.threshold.score if against_today else None)


def threshold_text(threshold: float) -> str:
    """A threshold with two digits, more only where it has them."""
    return f"{threshold:.2f}" if on_grid(threshold) == threshold else f"{threshold:.6g}"


def on_scale(case: Case, threshold: float) -> str:
    """The threshold in the words of the case's scale."""
    low, high = case.score_range.min, case.score_range.max
    return f"{low + threshold * (high - low):.2f} on the scale {low} to {high}"


HINT = (
    "Drag the line, or click where it should be; the slider and the number do the same. "
    "In full colour: the runs between today's threshold and this one."
)


def against_control(asked: Proposal) -> None:
    """What the proposal is compared with."""
    linked.segments(
        "thresholds", "against", "Compare with", AGAINST, "judged" if asked.today is None else "today", width="content",
        help="A change never rewrites finished runs. As judged: the results that they have. "
        "Under today's threshold: what they would be if all had been judged by it.",
    )  # fmt: skip


def mover(case: Case, asked: Proposal, tally: Tally, selection: Selection) -> None:
    """The histogram with the line, and the slider under it. Other runs make the chart anew."""
    days = selection.wanted.first_day, selection.wanted.last_day
    number, threshold = _anchor(asked.threshold, f"{case.case_id} {case.threshold.score} {days}")
    key = f"thresholds.pick.{number}"
    st.vega_lite_chart(
        spec=histogram_chart(tally.bins, threshold, on_grid(case.threshold.score)),
        theme=None,
        key=key,
        on_select=lambda: _picked(key),
        selection_mode="pick",
        alt=f"Scores of {sum(tally.bins):,} runs; the line is at {threshold:.2f}.",
    )
    slider = "thresholds.slider"
    st.session_state[slider] = on_grid(asked.threshold)
    st.slider(
        "Threshold", 0.0, 1.0, step=0.01, key=slider, label_visibility="collapsed",
        on_change=lambda: navigate({"threshold": f"{st.session_state[slider]:.2f}"}),
    )  # fmt: skip


def threshold_input(case: Case, asked: Proposal) -> None:
    """The threshold as a number: any from 0 to 1."""
    key = "thresholds.number"
    st.session_state[key] = asked.threshold
    st.number_input(
        "Threshold", 0.0, 1.0, step=0.01, format="%.2f" if asked.exact else "%g", key=key,
        on_change=lambda: navigate({"threshold": f"{st.session_state[key]:.12g}"}),
        help="Normalised, 0 to 1. A run passes at or above it.",
    )  # fmt: skip
    note = on_scale(case, asked.threshold)
    if not asked.exact:
        note += f". The figures are for {on_grid(asked.threshold):.2f}: rollups count scores in hundredths"
    st.caption(note)


def effect(found: WhatIf) -> None:
    """Pass rate before and after."""
    with st.grid(columns=2, min_column_width=110, gap=8, key="thresholds-effect"):
        st.metric("Pass rate before", text.percent(found.before))
        change = _hundred(_change(found))
        same = change is not None and abs(change) < 0.05
        st.metric(
            "Pass rate after",
            text.percent(found.after),
            None if change is None else "no change" if same else f"{change:+.1f} points",
            delta_color="off",
            delta_arrow="off" if same else "auto",
        )


def flips(case: Case, asked: Proposal, found: WhatIf, selection: Selection) -> None:
    """The runs whose result would be another one, and the way to exactly these."""
    if not found.runs:
        st.caption("There are no scored runs in these days to tell from.")
    elif not found.flips:
        st.caption("No run would change its result.")
    for number, words, params in (
        (found.to_fail, "would fail", _params(asked, Verdict.PASS)),
        (found.to_pass, "would pass", _params(asked, Verdict.FAIL)),
    ):
        if number:
            runs = "run" if number == 1 else "runs"
            link_to(
                "runs",
                f"{text.count(number)} {runs} {words}",
                ":material/arrow_forward:",
                **{"case": case.case_id, **_days(selection), **params},
            )


def per_judge(view: ThresholdView, rollups: Sequence[Rollup], asked: Proposal) -> None:
    """The same figures for each judge, most runs first."""
    if not rollups:
        st.caption("There are no scored runs in these days.")
        return
    parts: dict[str, list[Rollup]] = {}
    for rollup in rollups:
        parts.setdefault(rollup.judge_id, []).append(rollup)
    found = [
        (text.judge_name(view.judge_names.get(judge), judge), what_if(own, asked.threshold, today=asked.today))
        for judge, own in parts.items()
    ]
    share = st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, width=98)
    columns: list[Column[tuple[str, WhatIf]]] = [
        text_column("Judge", lambda one: one[0], 170),
        number_column("Runs", lambda one: one[1].runs, 52, "%,d", "Scored runs"),
        Column("Before", lambda one: _hundred(one[1].before), share),
        Column("After", lambda one: _hundred(one[1].after), share),
        number_column("Change", lambda one: _hundred(_change(one[1])), 64, "%+.1f", "Percentage points"),
        number_column("Flips", lambda one: one[1].flips, 48, "%,d", "Runs with another result"),
    ]
    ordered = sorted(found, key=lambda item: -item[1].runs)
    show_records(ordered, columns, alt="Pass rate before and after by judge")


def _change(found: WhatIf) -> float | None:
    return None if found.before is None or found.after is None else found.after - found.before


def _hundred(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * 100


def _params(asked: Proposal, verdict: Verdict) -> dict[str, str]:
    """The filter of the run list for the runs with `verdict` that would get the other one."""
    threshold = f"{on_grid(asked.threshold):.2f}"
    if asked.today is None:
        bound = "score_below" if verdict is Verdict.PASS else "score_from"
        return {"result": verdict, bound: threshold}
    today = f"{on_grid(asked.today):.2f}"
    low, high = (today, threshold) if verdict is Verdict.PASS else (threshold, today)
    return {"score_from": low, "score_below": high}


def _days(selection: Selection) -> dict[str, str]:
    wanted = selection.wanted
    if selection.period != "custom" or wanted.first_day is None or wanted.last_day is None:
        return {"period": selection.period}
    return {"period": "custom", "from": wanted.first_day.isoformat(), "to": wanted.last_day.isoformat()}


def _anchor(threshold: float, scope: str) -> tuple[int, float]:
    """Number and first threshold of the chart. They change when the line moves by other means than the chart itself."""
    number, first, of = st.session_state.get(_ANCHOR, (0, None, None))
    picked = _selected(f"thresholds.pick.{number}")
    shown = first if picked is None else picked
    if of != scope or shown != on_grid(threshold):
        number, first = number + 1, on_grid(threshold)
        st.session_state[_ANCHOR] = (number, first, scope)
    return number, first


def _selected(key: str) -> float | None:
    state = st.session_state.get(key)
    chosen = state["selection"].get("pick") if state else None
    return chosen[0]["step"] / BINS if chosen else None


def _picked(key: str) -> None:
    threshold = _selected(key)
    if threshold is not None:
        navigate({"threshold": f"{threshold:.2f}"})
