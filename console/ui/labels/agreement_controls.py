"""What Agreement is asked: people or another judge, which judge, and from where people's scores pass.

The URL holds the question; the widgets only mirror it.
"""

from __future__ import annotations

import streamlit as st

from console.actions.runs.labelled import SAMPLE, Labelled
from console.ui.frame import text
from console.ui.frame.controls import filters

AGAINST = {"people": "People", "judge": "Another judge"}


def against_control() -> None:
    """What a judge is held against."""
    key = "agreement.against"
    st.session_state[key] = "judge" if st.query_params.get("against") == "judge" else "people"
    st.segmented_control(
        "Judge against", list(AGAINST), key=key, format_func=AGAINST.__getitem__, required=True,
        label_visibility="collapsed",
        on_change=lambda: filters.navigate({"against": st.session_state[key], "cell": None, "point": None}),
    )  # fmt: skip


def judge_control(names: dict[str, str], asked: str) -> None:
    """Which judge or version; none is all of them."""
    options = {**names}
    if asked:
        options.setdefault(asked, text.shorten(asked, 40))
    key = "agreement.judge"
    st.session_state[key] = asked or None
    st.selectbox(
        "Judge", list(options), key=key, format_func=options.__getitem__, index=None, placeholder="All judges",
        width=260, on_change=lambda: filters.navigate({"judge": st.session_state[key], "cell": None, "point": None}),
    )  # fmt: skip


def human_threshold() -> float | None:
    """From where people's scores pass, normalised; None is the case's threshold."""
    try:
        threshold = float(st.query_params.get("human", ""))
    except ValueError:
        return None
    return threshold if 0 <= threshold <= 1 else None


def human_control(view: Labelled) -> None:
    """From where people's scores pass."""
    key = "agreement.human"
    st.session_state[key] = view.human_threshold
    st.number_input(
        "People pass from", 0.0, 1.0, step=0.05, format="%.2f", key=key, width=160,
        on_change=lambda: filters.navigate({"human": f"{st.session_state[key]:.6g}", "cell": None}),
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
