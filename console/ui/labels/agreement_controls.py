"""What Agreement is asked: people or another judge, which judge, and from where people's scores pass.

The URL holds the question; the widgets only mirror it.
"""

from __future__ import annotations

import streamlit as st

from console.actions.runs.labelled import SAMPLE, Labelled
from console.ui.frame.controls import linked

AGAINST = {"people": "People", "judge": "Another judge"}


def against_control() -> None:
    """What a judge is held against."""
    shown = "judge" if st.query_params.get("against") == "judge" else "people"
    linked.segments("agreement", "against", "Judge against", AGAINST, shown, ("cell", "point"))


def human_control(view: Labelled) -> None:
    """From where people's scores pass."""
    linked.number_field(
        "agreement", "human", "People pass from", view.human_threshold, 1.0, ("cell",), step=0.05, format="%.2f",
        width=160,
        help="Normalised, 0 to 1. A label with only a score passes from here on; an explicit verdict counts as it is. "
        "The default is the case's threshold.",
    )  # fmt: skip


def bound(view: Labelled) -> str:
    """What the figures are from."""
    scored = len(view.runs)
    parts = [f"{scored:,} labelled run{'s' * (scored != 1)}"]
    if not view.complete:
        parts = [f"The latest {SAMPLE:,} labelled runs"]
    if view.unscored:
        parts.append(f"{view.unscored:,} more without a score by the judge count nowhere")
    parts.append(f"the judge passes from today's threshold, {view.case.threshold.score:.2f}")
    return "  ·  ".join(parts)
