"""Calibrated scores: a card of Agreement with the reliability diagram, and making a new curve."""

from __future__ import annotations

from functools import partial

import streamlit as st

from console.actions.labels.calibrated import calibrate_judge
from console.judging.analysis.calibrated import GRID
from console.records import Calibration, Judge, Reliable, Role, User
from console.services import Services
from console.ui.charts.figures import Panel, Trace, draw, stacked
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.style import palette
from console.ui.frame.tiles import Tile, tiles
from console.ui.sign_in import saving

_KEY = "agreement.calibrate"
_OPEN = 0.16
"""Opacity of the interval."""


def calibration(shared: Services, user: User, judge: Judge) -> None:
    """What is known of a judge's version: how its scores go with what people say, and the curve in use."""
    found = shared.calibrations.latest(judge.judge_id, judge.version)
    with card("Calibrated scores", _note(judge, found), "agreement-calibrated"):
        if found is None:
            st.caption(
                "Nobody has calibrated this version yet. A calibration says with what probability people pass a run of"
                " each score; the scores and verdicts stay as they are."
            )
        else:
            _figures(found)
            panels = curve(found), reliability(found)
            draw(stacked(*panels), panels, "agreement.calibrated")
            for warning in found.warnings:
                st.caption(f":material/warning: {text.plain(warning, 400)}")
        saving.problem(_KEY)
        if user.role.includes(Role.EVALUATOR):
            words = "Calibrate again" if found else "Calibrate"
            st.button(
                words, key=_KEY, icon=":material/tune:", on_click=partial(_calibrate, shared, judge),
                help="Learns from today's labels of this version; earlier curves are kept.",
            )  # fmt: skip


def _calibrate(shared: Services, judge: Judge) -> None:
    saving.save(shared, _KEY, lambda actor: calibrate_judge(shared, actor, judge), "The scores are calibrated.")


def _note(judge: Judge, found: Calibration | None) -> str:
    if found is None:
        return f"Version {judge.version}"
    method = {"platt": "Platt's curve", "isotonic": "isotonic regression"}.get(found.method, found.method)
    who = text.plain(found.fitted_by, 40)
    return (
        f"Version {judge.version}, calibration {found.number}: {method} from {text.count(found.labels)} labels,"
        f" {text.moment(found.fitted_on)} by {who}"
    )


def _figures(found: Calibration) -> None:
    kept = "Distance of probabilities from shares of passes, on average, for labels that the curve did not see"
    figures = (
        ("Calibration error", found.error, kept),
        ("Of the score as it is", found.raw_error, "The same of the normalised score, taken for a probability"),
    )
    brier = Tile(
        "Brier score", f"{found.brier:.3f}", f"{found.raw_brier:.3f} of the score as it is",
        "Mean squared distance of probability and verdict: 0 is best",
    )  # fmt: skip
    errors = (
        Tile(name, f"{value:.3f}", f"95 %: {low:.3f} to {high:.3f}", why) for name, (value, low, high), why in figures
    )
    tiles([*errors, brier])


def curve(found: Calibration) -> Panel:
    """The probability that people pass, by score, with its interval."""
    colors = palette()
    scores = [round(float(one), 2) for one in GRID]
    hidden = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
    traces: list[Trace] = [
        {"type": "scatter", "x": scores, "y": found.low, **hidden},
        {
            "type": "scatter", "x": scores, "y": found.high, **hidden, "fill": "tonexty",
            "fillcolor": _faint(colors.accent),
        },
        {
            "type": "scatter", "mode": "lines", "x": scores, "y": found.curve, "showlegend": False,
            "line": {"color": colors.accent, "width": 2},
            "hovertemplate": "Score %{x:.2f}<br>People pass %{y:.0%}<extra></extra>",
        },
    ]  # fmt: skip
    return Panel(
        traces=traces,
        title="Probability that people pass, by score",
        finding=f"People pass {found.curve[0]:.0%} at the lowest score and {found.curve[-1]:.0%} at the highest.",
        x={"range": [0, 1], "tickformat": ".1f", "title": {"text": "Normalised score"}},
        y={"range": [0, 1.02], "tickformat": ".0%"},
        height=210,
    )


def reliability(found: Calibration) -> Panel:
    """The reliability diagram: shares of passes against probabilities, before and after."""
    colors = palette()
    diagonal: Trace = {
        "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip", "showlegend": False,
        "line": {"color": colors.muted, "width": 1},
    }  # fmt: skip
    sides = (
        ("Score as it is", colors.muted, "diamond", found.raw_bins),
        ("Calibrated", colors.accent, "circle", found.bins),
    )
    return Panel(
        traces=[diagonal, *(_points(*side) for side in sides)],
        title="Reliability: how many people pass, by probability",
        finding=f"Probabilities are {found.error[0]:.2f} off on average, the score itself {found.raw_error[0]:.2f}.",
        x={"range": [-0.02, 1.02], "tickformat": ".0%", "title": {"text": "Probability"}},
        y={"range": [-0.02, 1.04], "tickformat": ".0%"},
        height=210,
        legend=True,
    )


def _points(name: str, color: str, symbol: str, bins: list[Reliable]) -> Trace:
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": [one.probability for one in bins],
        "y": [one.passed for one in bins], "customdata": [one.labels for one in bins],
        "line": {"color": color, "width": 1}, "marker": {"color": color, "size": 8, "symbol": symbol},
        "hovertemplate": f"{name}<br>Probability %{{x:.0%}}<br>People passed %{{y:.0%}}<br>%{{customdata}} labels"
        "<extra></extra>",
    }  # fmt: skip


def _faint(color: str) -> str:
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_OPEN})"
