"""Runs beside each other: which ones, their scores, the fields that differ, the texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import pandas as pd
import streamlit as st

from console.actions.runs.comparison import MOST, Change, Column, Comparison, run_ids
from console.records import Run, RunId
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.navigation import link_to
from console.ui.frame.style import outcome, palette
from console.ui.runs import parts
from console.ui.runs.page import text_difference

MISSING = "no such run"
_PREVIEW = 70
_UNSCROLLED = 26
"""Fields that the table shows without scrolling in itself."""
_FIELD_WIDTH = 230
"""Pixels of a run in it: four stand side by side."""
_ADD = "compare.add"
CHANGES: dict[Change, tuple[str, parts.Color]] = {
    Change.IMPROVED: ("▲", "blue"),
    Change.REGRESSED: ("▼", "orange"),
    Change.EQUAL: ("=", "gray"),
    Change.NO_COUNTERPART: ("?", "gray"),
}


def chosen() -> list[RunId]:
    """The runs that the address names."""
    return run_ids(st.query_params.get("runs", ""))


def chooser(ids: Sequence[RunId]) -> None:
    """The runs as buttons that take them out, the first being the baseline, and a field for one more."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare-runs"):
        for place, run_id in enumerate(ids):
            name = f"Run {text.plain(run_id, 30)}" + (" (baseline)" if place == 0 else "")
            st.button(
                name, key=f"compare.drop.{place}", icon=":material/close:", icon_position="right",
                help="Take this run out", on_click=_show, args=([one for one in ids if one != run_id],),
            )  # fmt: skip
        if len(ids) < MOST:
            st.text_input(
                "Add a run", key=_ADD, placeholder="Add a run by its number", max_chars=200, width=210,
                label_visibility="collapsed", on_change=_add, args=(list(ids),),
            )  # fmt: skip


def summary(view: Comparison, differing: int, fields: int) -> None:
    """What limits the comparison, and how the others did against the baseline, in counts."""
    if not view.one_case:
        st.info("The runs are of different cases: their scores answer different questions.", icon=":material/info:")
    elif not view.one_text:
        st.info(
            "The runs judged different texts: a difference of their scores is one of the texts, the judges, or both.",
            icon=":material/info:",
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare-summary"):
        st.markdown(f"Against run {text.plain(view.baseline.run_id, 30)}:", width="content")
        for change, (mark, color) in CHANGES.items():
            number = view.count(change)
            if number or change in (Change.IMPROVED, Change.REGRESSED):
                st.badge(f"{mark} {number} {change}", color=color if number else "gray")
        st.caption(f"{differing} of {fields} fields differ", width="content")


def columns(view: Comparison) -> None:
    """One card per run: result, score against the baseline, responses."""
    with st.grid(columns=len(view.columns), min_column_width=230, gap=14, key="compare-columns"):
        for place, column in enumerate(view.columns):
            with st.container(border=True, key=f"card-compare-{place}", gap="xsmall", height="stretch"):
                _head(view, column)
                if column.run and column.run.results:
                    _score(view, column)
                    parts.scores(column.run, f"compare.{place}")
                elif column.run:
                    st.caption("This run has no score: it counts neither as passed nor as failed.")


def _head(view: Comparison, column: Column) -> None:
    run = column.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"compare-head-{column.run_id}"):
        st.header(f"Run {text.plain(column.run_id, 30)}", anchor=False, width="content")
        if run:
            parts.badge(run)
        if column is not view.baseline:
            change = view.change(column)
            mark, color = CHANGES[change]
            st.badge(f"{mark} {change}", color=color)
    if run is None:
        st.caption("There is no such run. It may have been removed.")
        return
    st.caption(text.plain(parts.origin(run, 32)))
    link_to("run", "Open", ":material/open_in_full:", run=str(run.run_id))


def _score(view: Comparison, column: Column) -> None:
    run, before, score = column.run, view.baseline.score, column.score
    if run is None or run.results is None or score is None:
        return
    change = None if before is None or column is view.baseline else round(score - before, 3)
    st.metric(
        "Normalised score",
        text.score(score),
        f"{change:+.3f}" if change else _no_change(view, column),
        delta_color="normal" if change else "off",
        delta_arrow="auto" if change else "off",
        help=f"{run.results.final_score:.2f} on a scale to {run.judge_snapshot.score_range.max}; "
        f"the threshold was {text.score(parts.threshold_of(run), 2)}",
    )


def _no_change(view: Comparison, column: Column) -> str:
    if column is view.baseline:
        return "baseline"
    return "no change" if view.baseline.score is not None else "nothing to compare with"


def fields(view: Comparison) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """One row per field and one column per run, everything as it is shown; and per field whether the runs differ."""
    described = {_title(view, column): _described(column) for column in view.columns}
    exact = {_title(view, column): described[_title(view, column)] | _exact(column) for column in view.columns}
    names = list(dict.fromkeys(name for one in described.values() for name in one))
    return _table(described, names), _table(exact, names).nunique(axis=1) > 1


def _table(columns_of_runs: Mapping[str, Mapping[str, str]], names: Sequence[str]) -> pd.DataFrame:
    columns = {title: [one.get(name, MISSING) for name in names] for title, one in columns_of_runs.items()}
    return pd.DataFrame(columns, index=list(names), dtype=object)


def field_table(table: pd.DataFrame) -> None:
    """The fields; what is not as in the baseline stands out."""
    if table.empty:
        st.caption("No field differs.")
        return
    mark = f"background-color: {palette().accent}1f; font-weight: 600"
    baseline = table.columns[0]

    def marks(row: pd.Series[str]) -> list[str]:
        return [mark if value != row[baseline] else "" for value in row]

    st.dataframe(
        table.style.apply(marks, axis=1),
        column_config={
            "_index": st.column_config.TextColumn("Field", width=150, pinned=True),
            **{title: st.column_config.TextColumn(width=_FIELD_WIDTH) for title in table.columns},
        },
        height="content" if len(table) <= _UNSCROLLED else 900,
        placeholder="",
        alt="Fields of the runs",
    )


def texts(view: Comparison) -> None:
    """A text of the baseline and of another run, with their differences marked."""
    there = [column for column in view.others if column.run]
    if view.baseline.run is None or not there:
        st.caption("Two runs that are there are needed to compare their texts.")
        return
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="compare-texts-head"):
        field = st.segmented_control("Text", list(_TEXTS), default="Evaluated text", key="compare.text", required=True)
        other = there[0]
        if len(there) > 1:
            names = {str(column.run_id): column for column in there}
            other = names[
                st.segmented_control(
                    f"Run {text.plain(view.baseline.run_id, 30)} against", list(names), default=next(iter(names)),
                    key="compare.other." + "-".join(names), required=True,
                )
            ]  # fmt: skip
    if other.run is None:
        return
    read = _TEXTS[field]
    left, right = read(view.baseline.run), read(other.run)
    text_difference(left, right, _title(view, view.baseline), _title(view, other), field)


def body(view: Comparison) -> None:
    """Everything below the chooser."""
    table, different = fields(view)
    summary(view, int(different.sum()), len(table))
    columns(view)
    with st.container(border=True, key="card-compare-fields", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", key="compare-fields-head"):
            st.header("Fields", anchor=False, width="content")
            shown = st.segmented_control(
                "Fields shown", ["Differences", "All"], default="Differences", key="compare.fields", required=True,
                label_visibility="collapsed",
            )  # fmt: skip
        field_table(table if shown == "All" else table[different])
    with card("Texts", "", "compare-texts"):
        texts(view)


def _title(view: Comparison, column: Column) -> str:
    return f"Run {column.run_id}" + (" (baseline)" if column is view.baseline else "")


def _described(column: Column) -> dict[str, str]:
    """Every field of a run as it is shown; {} when the run is gone."""
    run = column.run
    if run is None:
        return {}
    found = run.results
    usage = found.token_usage if found else None
    return {
        "Result": outcome(run.status, run.evaluation_status).text,
        "Score": text.score(found.final_score if found else None, 2),
        "Normalised score": text.score(column.score),
        "Threshold": text.score(parts.threshold_of(run), 2),
        "Human labels": _people(column),
        **parts.snapshot_facts(run.judge_snapshot),
        "Scoring mode": (found.scoring_mode if found else "") or text.NOTHING,
        "Responses obtained": text.count(len(found.all_responses) if found else None),
        "Duration": text.duration(found.execution_time_seconds if found else None),
        "Tokens": text.count(usage.total if usage else None),
        "Cost": text.money(found.cost if found else None),
        "Started": text.moment(run.started_at),
        "Run by": run.created_by,
        "Document": run.document_id or text.NOTHING,
        "Batch": run.batch_id or text.NOTHING,
        "Error": text.shorten(run.error_message or text.NOTHING, _PREVIEW),
        **{name: _preview(read(run)) for name, read in _TEXTS.items()},
    }


def _people(column: Column) -> str:
    words = {True: "pass", False: "fail"}
    said = [
        ", ".join(part for part in (text.score(one.score, 2), words.get(one.passed)) if part and part != text.NOTHING)  # type: ignore[arg-type]
        for one in column.labels
    ]
    return "; ".join(one for one in said if one) or text.NOTHING


def _exact(column: Column) -> dict[str, str]:
    """The whole of what is shown only by its beginning."""
    run = column.run
    return {name: read(run) for name, read in _TEXTS.items()} if run else {}


def _preview(body: str) -> str:
    """The beginning and the length."""
    line = " ".join(body[: 4 * _PREVIEW].split())
    return f"{text.shorten(line, _PREVIEW)} ({len(body):,} characters)" if line else text.NOTHING


def _show(ids: Sequence[RunId]) -> None:
    filters.navigate({"runs": ",".join(str(one) for one in ids) or None})


def _add(ids: list[RunId]) -> None:
    wanted = [*ids, *run_ids(st.session_state[_ADD])]
    st.session_state[_ADD] = ""
    _show(list(dict.fromkeys(wanted))[:MOST])


def _reasons(run: Run) -> str:
    return "\n\n".join(run.results.reasons) if run.results else ""


def _prompt(run: Run) -> str:
    return (run.results.prompt_used if run.results else None) or ""


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


_TEXTS: dict[str, Callable[[Run], str]] = {
    "Evaluated text": lambda run: run.evaluated_artifact.evaluation_target,
    "Question": lambda run: run.evaluated_artifact.input or "",
    "Context": lambda run: run.evaluated_artifact.context or "",
    "Reference": lambda run: run.evaluated_artifact.expected_output or "",
    "Reasons": _reasons,
    "Prompt": _prompt,
    "Task introduction": lambda run: run.judge_snapshot.task_introduction,
    "Criteria": lambda run: run.judge_snapshot.evaluation_criteria,
    "Parameters": lambda run: _json(run.judge_snapshot.parameters),
    "Metadata": lambda run: _json({"text": run.evaluated_artifact.metadata, "run": run.metadata or {}}),
}
