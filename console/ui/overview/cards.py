"""Headline numbers with their change against the span before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from console.actions.overview.overview import Overview
from console.actions.runs.totals import Tally
from console.ui.frame import text

_TIMES = 10
"""From this factor on a change is said as a factor."""
Good = Literal["normal", "inverse", "off"]


@dataclass(frozen=True, slots=True)
class Headline:
    """One number of a dashboard."""

    label: str
    value: Callable[[Tally], float | None]
    show: Callable[[float | None], str]
    change: Literal["percent", "points", "difference"] = "percent"
    """How the change is said: relative, in percentage points, or as a plain difference."""
    good: Good = "off"
    """`normal`: more is better; `inverse`: less is better; `off`: neither."""
    difference: str = "+.3f"
    """How a plain difference is written."""
    scores: bool = True
    """Whether it comes from the scores rather than from the exact counts (see `Figures`)."""
    help: str = ""


HEADLINES = (
    Headline(
        "Runs", lambda tally: tally.runs, text.count, scores=False, help="Finished runs: scored or ended in an error"
    ),
    Headline(
        "Scored",
        lambda tally: tally.success_rate,
        text.percent,
        "points",
        "normal",
        scores=False,
        help="Runs with a score, of all finished runs; the others ended in an error",
    ),
    Headline(
        "Pass rate",
        lambda tally: tally.pass_rate,
        text.percent,
        "points",
        "normal",
        scores=False,
        help="Runs at or above the threshold that was in force, of all scored runs",
    ),
    Headline(
        "Mean score",
        lambda tally: tally.mean,
        text.score,
        "difference",
        "normal",
        help="Mean of the normalised scores, 0 to 1. Runs without a score do not count",
    ),
    Headline(
        "Mean duration",
        lambda tally: tally.mean_seconds,
        text.duration,
        "percent",
        "inverse",
        help="Mean execution time of scored runs",
    ),
    Headline("Tokens", lambda tally: tally.tokens, text.count, help="Prompt and completion tokens of scored runs"),
    Headline(
        "Cost",
        lambda tally: tally.known_cost,
        text.money,
        "percent",
        "inverse",
        help="US dollars, for the models with known prices",
    ),
    Headline(
        "Active judges",
        lambda tally: len(tally.judges),
        text.count,
        "difference",
        difference="+.0f",
        scores=False,
        help="Judges with at least one finished run",
    ),
)


def headline_row(view: Overview) -> None:
    """The headline numbers of the dashboard as cards that wrap with the width."""
    with st.grid(columns=4, min_column_width=140, gap=14, key="headlines"):
        for headline in HEADLINES:
            now = view.now.scores if headline.scores else view.now.counts
            value = headline.value(now)
            change = _change(headline, view, value)
            same = change is not None and float(change.split()[0]) == 0
            st.metric(
                headline.label,
                headline.show(value),
                "no change" if same else change,
                delta_color="off" if same else headline.good,
                delta_arrow="off" if same else "auto",
                delta_description=_on_scale(headline, view, now),
                help=headline.help,
                border=True,
                height="stretch",
            )


def _on_scale(headline: Headline, view: Overview, now: Tally) -> str | None:
    """The mean on the case's scale, where one case is chosen."""
    if headline.label != "Mean score" or view.case is None or now.mean_score is None:
        return None
    return f"{now.mean_score:.3f} of {view.case.score_range.max}"


def _change(headline: Headline, view: Overview, value: float | None) -> str | None:
    """The change since the span before as text with its sign; None where there is nothing to compare."""
    if view.before is None or value is None:
        return None
    before = headline.value(view.before.scores if headline.scores else view.before.counts)
    if before is None or (headline.change == "percent" and not before):
        return None
    change = value - before
    if headline.change == "percent" and value >= _TIMES * before:
        return f"{value / before:.0f} times"
    if headline.change == "percent":
        return f"{change / before * 100:+.1f} %"
    if headline.change == "points":
        return f"{change * 100:+.1f} points"
    return f"{change:{headline.difference}}"
