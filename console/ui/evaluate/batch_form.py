"""A file of texts on its way to a batch: its columns, its problems, what it would take, and the start."""

from __future__ import annotations

import streamlit as st

from console.actions.batches import batches
from console.actions.batches.batches import Checked, Estimate
from console.actions.batches.files import Columns, RowsFile
from console.errors import ConsoleError
from console.records import Batch, Judge, User
from console.services import Services
from console.ui.evaluate.evaluate import judge_picker
from console.ui.frame import filters, text
from console.ui.frame.card import card
from console.ui.sign_in import saving

KEY = "batch"
_NONE = "None"
_SHOWN = 120
"""Characters of a cell of the preview."""


def batch_form(shared: Services) -> None:
    """The whole form; what comes next appears when there is enough to show it."""
    with card("1. The file", "CSV with a header, or JSON Lines; UTF-8. One row is one text.", "batch-file"):
        upload = st.file_uploader(
            "File", type=["csv", "jsonl", "ndjson"], key=f"{KEY}.file", label_visibility="collapsed"
        )
        if upload is None:
            st.caption("Columns named text, output or evaluationTarget, and reference or expectedOutput, are found.")
            return
        file = RowsFile.of(upload.name, upload.getvalue())
        columns = _columns(file)
        checked = _checked(upload.name, upload.getvalue(), columns)
        _preview(checked, columns)
    with card("2. The judge, and how", "", "batch-how"):
        judge = judge_picker(shared.judges.list(), f"{KEY}.judge", asked=st.query_params.get("judge"))
        if judge is None or not checked.rows:
            return
        with st.grid(columns=3, min_column_width=160, gap=12, key="batch-options"):
            name = st.text_input("Name of the batch", upload.name, key=f"{KEY}.name.{upload.file_id}", max_chars=200)
            at_once = st.number_input(
                "Rows at once", 1, batches.MOST_AT_ONCE, 8, key=f"{KEY}.at_once", help="Calls of the model in flight"
            )
            budget = st.number_input(
                "Budget in US dollars (optional)", 0.0, None, None, key=f"{KEY}.budget", placeholder="No bound",
                help="The batch stops before it would cost more",
            )  # fmt: skip
        leave_out = bool(checked.problems) and st.checkbox(
            f"Leave out {text.plural(len(checked.problems), 'row')} with problems", key=f"{KEY}.leave_out"
        )
        _figures(batches.estimate(shared, judge, checked, concurrency=at_once))
        saving.problem(KEY)
        st.button(
            f"Evaluate {text.plural(checked.rows, 'row')}",
            key=f"{KEY}.start", type="primary", icon=":material/play_arrow:",
            disabled=bool(checked.problems) and not leave_out, on_click=_start,
            args=(shared, judge, file, columns, name, at_once, budget, leave_out),
        )  # fmt: skip


@st.cache_data(show_spinner="Reading the file …", max_entries=4)
def _checked(name: str, content: bytes, columns: Columns) -> Checked:
    """What is in a file; read once for each choice of columns."""
    return batches.check_file(RowsFile.of(name, content), columns)


def _columns(file: RowsFile) -> Columns:
    """Which columns hold what, as found by their names or as chosen."""
    names = file.columns()
    try:
        found = file.guess()
    except ConsoleError:
        found = Columns(names[0])
    key = f"{KEY}.columns.{abs(hash(tuple(names)))}"
    with st.grid(columns=3, min_column_width=160, gap=12, key="batch-columns"):
        target = st.selectbox("Column of the text", names, index=names.index(found.text), key=f"{key}.text")
        others = [_NONE, *(name for name in names if name != target)]
        reference = st.selectbox(
            "Column of the reference", others, key=f"{key}.reference",
            index=others.index(found.reference) if found.reference in others else 0,
        )  # fmt: skip
        keep = st.checkbox("Keep the other columns as metadata", value=True, key=f"{key}.keep")
    return Columns(target, None if reference == _NONE else reference, keep)


def _preview(checked: Checked, columns: Columns) -> None:
    rows = [
        {
            "Text": text.shorten(row.evaluation_target, _SHOWN),
            "Reference": text.shorten(row.expected_output or "", _SHOWN) or None,
            "Metadata": text.shorten(", ".join(f"{name}: {value}" for name, value in row.metadata.items()), _SHOWN),
        }
        for row in checked.first
    ]
    found = f"{text.plural(checked.rows, 'row')} to evaluate"
    st.caption(found + (f", the first {len(rows)}:" if checked.rows > len(rows) else ":" if rows else "."))
    if rows:
        order = ["Text", *(["Reference"] if columns.reference else []), *(["Metadata"] if columns.keep_others else [])]
        st.dataframe(rows, column_order=order, hide_index=True, height="content", alt="The first rows")
    if checked.problems:
        count = text.plural(len(checked.problems), "row")
        st.caption(f":orange[**{count} with problems.**] They cannot be evaluated as they are:")
        st.dataframe(
            [{"Line": one.line, "Problem": one.message} for one in checked.problems[: batches.SHOWN_PROBLEMS]],
            column_config={"Line": st.column_config.NumberColumn(width=70), "Problem": {"width": 900}},
            hide_index=True,
            height="content" if len(checked.problems) <= 8 else 240,
            alt="Problems",
        )


def _figures(found: Estimate) -> None:
    with st.grid(columns=4, min_column_width=120, gap=8, key="batch-estimate"):
        st.metric("Calls", text.count(found.calls))
        st.metric("Tokens, about", text.count(found.tokens))
        st.metric("Cost, about", text.money(found.cost), help="From the model's prices under Models & metrics")
        st.metric("Time, about", text.duration(found.seconds))
    st.caption(f"By {found.basis}.")


def _start(
    shared: Services, judge: Judge, file: RowsFile, columns: Columns, name: str, at_once: int, budget: float | None,
    leave_out: bool,
) -> None:  # fmt: skip
    made: list[Batch] = []

    def act(actor: User) -> None:
        made.append(
            batches.submit(
                shared, actor, name, judge, file, columns,
                concurrency=at_once, budget=budget or None, leave_out=leave_out,
            )
        )  # fmt: skip
        batches.start(shared, actor, made[0].batch_id)

    with st.spinner("Storing the rows …"):
        if saving.save(shared, KEY, act, "The batch has begun."):
            filters.navigate({"batch": made[0].batch_id})
