"""The versions of a record: who saved what and when, how their runs went, and any two side by side."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import streamlit as st

from console.actions.configuration.version_results import VersionResults
from console.ui.frame import diff, text
from console.ui.frame.boundary import boundary
from console.ui.frame.card import card
from console.ui.frame.clock import time_column
from console.ui.frame.controls import linked
from console.ui.frame.controls.drafts import Values
from console.ui.frame.controls.picker import pick_row
from console.ui.records.editor import Editor, R


def versions_tab(editor: Editor[R], record_id: str, known: list[R]) -> None:
    """The list of versions with their results, and the comparison of two."""
    with card("Versions", "Click one to read it.", "versions"):
        _table(editor, record_id, known)
    if len(known) > 1:
        with card("Compare", "", "compare"):
            _comparison(editor, known)


def sections(
    editor: Editor[R], left: Values, right: Values, names: Collection[str] | None = None
) -> list[diff.Section]:
    """What two forms say, field by field.

    Args:
        names: only these fields; None for all.
    """
    return [
        diff.Section(field.label, field.said(left[field.name]), field.said(right[field.name]))
        for field in editor.fields
        if names is None or field.name in names
    ]


def state(record: R) -> str:
    """Whether a version is in force, as tables show it."""
    return "● In force" if record.active else "○ Earlier"


def _table(editor: Editor[R], record_id: str, known: list[R]) -> None:
    results = VersionResults({}, 0, complete=True)
    with boundary(f"{editor.kind}.results"):
        results = editor.results(record_id)
    older = [*(editor.values(one) for one in known[1:]), None]
    rows = [
        {
            "Version": one.version,
            "State": state(one),
            "Saved": one.last_updated_on,
            "By": one.last_updated_by,
            **_figures(results, one.version),
            "Changed": _changed(editor, editor.values(one), before),
        }
        for one, before in zip(known, older, strict=True)
    ]
    if "" in results.tallies:
        rows.append(
            {"Version": "unknown", "State": "", "Saved": None, "By": "", "Changed": "", **_figures(results, "")}
        )
    config = st.column_config
    pick_row(
        f"{editor.kind}.versions.{record_id}",
        pd.DataFrame(rows),
        [one.version for one in known],
        {
            "Version": config.TextColumn(width=62),
            "State": config.TextColumn(width=84),
            "Saved": time_column("Saved", "D MMM YYYY, HH:mm", 138),
            "By": config.TextColumn(width=110),
            "Changed": config.TextColumn(width="large", help="Against the version before"),
            "Runs": config.NumberColumn(format="%,d", width=58, help="Finished runs"),
            "Pass rate": config.NumberColumn(format="%.1f %%", width=74),
            "Mean": config.NumberColumn(format="%.3f", width=70, help="Mean normalised score, 0 to 1"),
        },
        st.query_params.get("version"),
        linked.opens("version", "tab"),
        alt="Versions",
    )
    st.caption(_scope(results))


def _figures(results: VersionResults, version: str) -> dict[str, float | None]:
    tally = results.tallies.get(version)
    if tally is None:
        return {"Runs": 0, "Pass rate": None, "Mean": None}
    return {
        "Runs": tally.runs,
        "Pass rate": None if tally.pass_rate is None else tally.pass_rate * 100,
        "Mean": tally.mean,
    }


def _scope(results: VersionResults) -> str:
    if not results.runs:
        return "No runs yet."
    which = (
        f"All {text.count(results.runs)} runs" if results.complete else f"The latest {text.count(results.runs)} runs"
    )
    unknown = "  ·  runs of earlier systems do not say their version" if "" in results.tallies else ""
    return f"{which}, by the version that judged them{unknown}"


def _changed(editor: Editor[R], values: Values, before: Values | None) -> str:
    if before is None:
        return "First version"
    labels = [field.label for field in editor.fields if values[field.name] != before[field.name]]
    return ", ".join(labels) or "Nothing"


def _comparison(editor: Editor[R], known: list[R]) -> None:
    """Two versions as the address names them; without a word, the newest and the one before it."""
    by_number = {one.version: one for one in known}
    words = {number: _version_words(one) for number, one in by_number.items()}
    defaults = {"left": known[1].version, "right": known[0].version}
    sides = []
    with st.container(horizontal=True, gap="small", key="compare-sides"):
        for side, label in (("left", "From"), ("right", "To")):
            wanted = st.query_params.get(side)
            shown = wanted if wanted in by_number else defaults[side]
            linked.choice(editor.kind, side, label, words, shown, index=0)
            sides.append(by_number[shown])
    left, right = sides
    diff.show(sections(editor, editor.values(left), editor.values(right)))


def _version_words(record: R) -> str:
    return f"Version {record.version}, {text.moment(record.last_updated_on)}, {record.last_updated_by}"
