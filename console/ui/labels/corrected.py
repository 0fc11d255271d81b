"""What people would have said of all runs: a card of Agreement, and the way to labels that would make it surer."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from console.actions.labels.corrected import Conclusion
from console.actions.labels.raters import Raters
from console.judging.analysis.statistics import Estimate
from console.records import Case
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.facts import table
from console.ui.frame.navigation import link_to
from console.ui.frame.tiles import Tile, tiles
from console.ui.labels.glance import more_labels

Shown = Callable[[float], str]
_WEIGHED = ", each label weighed by its odds"


def corrected(case: Case, found: Conclusion, judge_id: str | None = None) -> None:
    """The corrected pass rate beside the judge's own, the corrected mean, and what speaks against believing it."""
    note = f"From {text.count(found.used)} labels of runs drawn with known odds, for {text.count(found.runs)} runs"
    with card("What people would have said of all runs", note, "agreement-corrected"):
        rate = found.rate.estimate
        if rate.value is None:
            st.caption(f"No corrected rate: {rate.why}.")
        else:
            _figures(case, found)
        for warning in found.warnings:
            st.caption(f":material/warning: {warning}")
        more_labels(case.case_id, judge_id, found.rate)


def people(found: Raters, case_id: str, differing: int) -> None:
    """How far the people agree among themselves; nothing where nobody labelled what somebody else did.

    Args:
        differing: runs on which people differ and nobody has decided.
    """
    if not found.runs:
        return
    note = f"{text.plural(found.runs, 'run')} labelled by several"
    note += f"; {text.count(found.unread)} older ones were not looked at" if found.unread else ""
    with card("People among themselves", note, "agreement-people"):
        why = "Krippendorff's alpha: 1 is agreement throughout, 0 is chance"
        sides = (("Alpha of the scores", found.scores), ("Alpha of the verdicts", found.verdicts))
        tiles(_tile(name, one, "{:.3f}".format, why) for name, one in sides)
        table(
            ("One", "Other", "Runs", "Same verdict"),
            [(one.first, one.second, text.count(one.runs), text.percent(one.agreed / one.runs)) for one in found.pairs],
            "Pairs of people and how often they gave the same verdict", numbers=2,
        )  # fmt: skip
        if differing:
            link_to(
                "review",
                f"Decide {text.plural(differing, 'run')} on which people differ",
                ":material/gavel:",
                case=case_id,
                queue="differ",
            )


def _figures(case: Case, found: Conclusion) -> None:
    scale = case.score_range

    def on_scale(value: float) -> str:
        return f"{scale.at(value):.2f}"

    judged_rate, judged_mean = Estimate(found.judged_rate), Estimate(found.judged_mean)
    quality, number = found.quality, "{:.3f}".format
    shown = (
        ("The judge's pass rate", judged_rate, text.percent, "At the case's threshold of today"),
        (
            "Corrected pass rate", found.rate.estimate, text.percent,
            "Prediction-powered (PPI++), interval by Wilson",
        ),
        ("By Rogan and Gladen", found.classical, text.percent, "From the judge's sensitivity and specificity"),
        ("Kappa over all runs", quality.kappa, number, f"Cohen's kappa{_WEIGHED}"),
        ("The judge's mean score", judged_mean, on_scale, "Over the same runs"),
        ("Corrected mean score", found.mean.estimate, on_scale, "Prediction-powered (PPI++)"),
        ("Precision over all runs", quality.precision, number, f"Of what the judge passes, what people pass{_WEIGHED}"),
        ("Recall over all runs", quality.recall, number, f"Of what people pass, what the judge passes{_WEIGHED}"),
        ("F1 over all runs", quality.f1, number, f"The harmonic mean of precision and recall{_WEIGHED}"),
    )  # fmt: skip
    tiles((_tile(*one) for one in shown), width=190)


def _tile(name: str, one: Estimate, shown: Shown, why: str) -> Tile:
    said = text.NOTHING if one.value is None else shown(one.value)
    ends = f"95 %: {shown(one.low)} to {shown(one.high)}" if one.low is not None and one.high is not None else one.why
    return Tile(name, said, ends, why)
