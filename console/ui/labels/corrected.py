"""What people would have said of all runs: a card of Agreement, and the way to labels that would make it surer."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from console.actions.labels.corrected import Conclusion
from console.actions.labels.raters import Raters
from console.judging.analysis.statistics import Estimate
from console.records import Case
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.navigation import link_to
from console.ui.labels.glance import more_labels

Shown = Callable[[float], str]


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
        with st.grid(columns=2, min_column_width=150, gap=14, key="agreement-people-figures"):
            for name, one in (("Alpha of the scores", found.scores), ("Alpha of the verdicts", found.verdicts)):
                _metric(name, one, "{:.3f}".format, "Krippendorff's alpha: 1 is agreement throughout, 0 is chance")
        rows = [
            {
                "One": one.first,
                "Other": one.second,
                "Runs": one.runs,
                "Same verdict": text.percent(one.agreed / one.runs),
            }
            for one in found.pairs
        ]
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, alt="Pairs of people and how often they gave the same verdict",
            column_config={"Same verdict": st.column_config.TextColumn(alignment="right")},
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
    wide = scale.max - scale.min

    def on_scale(value: float) -> str:
        return f"{scale.min + value * wide:.2f}"

    judged_rate, judged_mean = Estimate(found.judged_rate), Estimate(found.judged_mean)
    with st.grid(columns=4, min_column_width=150, gap=14, key="agreement-corrected-figures"):
        _metric("The judge's pass rate", judged_rate, text.percent, "At the case's threshold of today")
        _metric(
            "Corrected pass rate", found.rate.estimate, text.percent, "Prediction-powered (PPI++), interval by Wilson"
        )
        _metric("By Rogan and Gladen", found.classical, text.percent, "From the judge's sensitivity and specificity")
        _metric(
            "Kappa over all runs", found.quality.kappa, "{:.3f}".format, "Cohen's kappa, each label weighed by its odds"
        )
    with st.grid(columns=5, min_column_width=150, gap=14, key="agreement-corrected-means"):
        _metric("The judge's mean score", judged_mean, on_scale, "Over the same runs")
        _metric("Corrected mean score", found.mean.estimate, on_scale, "Prediction-powered (PPI++)")
        for name, one, why in (
            ("Precision over all runs", found.quality.precision, "Of what the judge passes, what people pass"),
            ("Recall over all runs", found.quality.recall, "Of what people pass, what the judge passes"),
            ("F1 over all runs", found.quality.f1, "The harmonic mean of precision and recall"),
        ):
            _metric(name, one, "{:.3f}".format, f"{why}, each label weighed by its odds")


def _metric(name: str, one: Estimate, shown: Shown, why: str) -> None:
    said = text.NOTHING if one.value is None else shown(one.value)
    ends = f"95 %: {shown(one.low)} to {shown(one.high)}" if one.low is not None and one.high is not None else one.why
    st.metric(name, said, ends or None, delta_color="off", delta_arrow="off", help=why, border=True, height="stretch")
