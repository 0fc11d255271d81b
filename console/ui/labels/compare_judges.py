"""Two judges over the same artifacts: who gives more, what flips, and the runs behind every number."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.labels.agreement import SAMPLE, Agreement, Pair, Pairs
from console.actions.runs.comparison import Change
from console.records import RunSummary
from console.ui.charts import leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import linked
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.frame.style import outcome_of
from console.ui.frame.tiles import Tile, tiles
from console.ui.labels.agreement import tile
from console.ui.labels.agreement_charts import difference_histogram
from console.ui.runs.comparison import CHANGES

SHOWN = 200
"""Pairs that the list shows."""
NOBODY = "none"
"""In place of a score: the side has no run of the artifact, or one without a score."""
ONLY = {
    "all": "All",
    "worse": "Worse than baseline",
    "better": "Better",
    "lost": "Now fail",
    "gained": "Now pass",
    "missing": "No counterpart",
}


def header(pairs: Pairs) -> None:
    """How the candidate did against the baseline, in counts, and what limits the comparison."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="judges-summary"):
        st.markdown("Against the baseline:", width="content")
        for change, (threshold, color) in CHANGES.items():
            number = pairs.count(change)
            if number or change in (Change.IMPROVED, Change.REGRESSED):
                st.badge(f"{threshold} {number:,} {change}", color=color if number else "gray")
        st.caption(_bound(pairs), width="content")


def _bound(pairs: Pairs) -> str:
    parts = [] if pairs.complete else [f"The latest {SAMPLE:,} runs of each side"]
    if pairs.repeated:
        parts.append(f"{pairs.repeated:,} runs of an artifact that was judged again later do not count")
    if pairs.unread:
        parts.append(f"{pairs.unread:,} older runs could not be put together")
    return "  ·  ".join(parts)


def figures(pairs: Pairs, found: Agreement) -> None:
    """Mean difference, wins and losses, flips, correlation."""
    gained, lost = pairs.flips()
    wins, losses, ties = (pairs.count(one) for one in (Change.IMPROVED, Change.REGRESSED, Change.EQUAL))
    tiles(
        [
            tile("Mean difference", pairs.mean_difference, "Candidate minus baseline, normalised score", signed=True),
            Tile(
                "Higher, lower, same", f"{wins:,} / {losses:,} / {ties:,}", "",
                "Artifacts to which the candidate gives a higher, a lower, or the same score",
            ),
            Tile(
                "Now pass / now fail", f"{len(gained):,} / {len(lost):,}", f"at the threshold {found.threshold:.2f}",
                "Artifacts that pass under the candidate only, and under the baseline only, both against today's "
                "threshold",
            ),
            tile("Pearson", found.correlations.pearson, "Linear correlation of the two scores"),
        ]
    )  # fmt: skip


def histogram(pairs: Pairs) -> None:
    """How far the two are apart."""
    differences = [one.difference for one in pairs.pairs if one.difference is not None]
    with card("Differences", "Each artifact once; bars are a twentieth of the scale wide", "judges-differences"):
        panel = difference_histogram(differences, pairs.mean_difference.value)
        draw(stacked(panel), [panel], "judges.differences")


def only_control() -> str:
    """Which pairs are listed."""
    asked = st.query_params.get("only", "all")
    return linked.segments("judges", "only", "Pairs", ONLY, asked if asked in ONLY else "all", default="all")


def listed(pairs: Pairs, only: str) -> list[Pair]:
    """The pairs of a choice of `ONLY`."""
    changes = {"worse": Change.REGRESSED, "better": Change.IMPROVED, "missing": Change.NO_COUNTERPART}
    if only in changes:
        found = [one for one in pairs.pairs if one.change is changes[only]]
        return found[::-1] if only == "better" else found
    gained, lost = pairs.flips()
    return {"gained": gained, "lost": lost}.get(only, pairs.pairs)


def pair_table(pairs: Sequence[Pair]) -> None:
    """The artifacts with both scores; a click compares the two runs."""
    if not pairs:
        st.caption("There is no such pair.")
        return
    if len(pairs) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(pairs):,}")
    columns: list[Column[Pair]] = [
        text_column("Change", lambda pair: f"{CHANGES[pair.change][0]} {pair.change}", 130),
        number_column("Difference", lambda pair: pair.difference, 85, "%+.3f", "Candidate minus baseline"),
        number_column("Baseline", lambda pair: _score(pair.baseline), 75, "%.3f", "Normalised score"),
        number_column("Candidate", lambda pair: _score(pair.candidate), 80, "%.3f", "Normalised score"),
        text_column("Results", _results, 150, "As they were judged: baseline, then candidate"),
        text_column("Runs", _runs, 95),
        text_column("Text", _text, 460),
    ]
    pick_record("judges", pairs[:SHOWN], columns, _address, leads.open_runs, alt="Artifacts with both runs")


def _results(pair: Pair) -> str:
    return ", ".join(outcome_of(row).text if row else NOBODY for row in (pair.baseline, pair.candidate))


def _runs(pair: Pair) -> str:
    return ", ".join(str(row.run_id) if row else NOBODY for row in (pair.baseline, pair.candidate))


def _text(pair: Pair) -> str:
    there = pair.baseline or pair.candidate
    return text.shorten(there.preview, 160) if there else ""


def _score(row: RunSummary | None) -> float | None:
    return row.final_score_normalized if row else None


def _address(pair: Pair) -> str:
    """The runs that are there, as the page of Compare (or of one run) wants them."""
    return ",".join(str(row.run_id) for row in (pair.baseline, pair.candidate) if row)
