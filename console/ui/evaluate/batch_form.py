"""A file of texts on its way to a batch: its columns, its problems, what it would take, and the start."""

from __future__ import annotations

import streamlit as st

from console.actions.batches import batches, estimates
from console.actions.batches.estimates import Checked, Estimate
from console.actions.batches.files import Columns, Notice, guess_parts
from console.actions.runs.preflight import preflight
from console.errors import InvalidInput
from console.records import Judge, User
from console.services import Services
from console.tabular.files import ENDINGS, TabularFile
from console.ui.evaluate.batch_list import open_batch
from console.ui.evaluate.evaluate import FIRST, judge_picker
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.sign_in import saving

KEY = "batch"
_NONE = "None"
_PARTS = ("text", "question", "context", "reference")
_SHOWN = 120
"""Characters of a cell of the preview."""


def batch_form(shared: Services) -> None:
    """The whole form; what comes next appears when there is enough to show it."""
    with card(
        "1. The file",
        "CSV or TSV with a header, or JSON Lines. One row is one text.",
        "batch-file",
    ):
        upload = st.file_uploader("File", type=list(ENDINGS), key=f"{KEY}.file", label_visibility="collapsed")
        if upload is None:
            st.caption("Columns named like question, context, answer or text, and expected or reference, are found.")
            return
        file = TabularFile.of(upload.name, upload.getvalue())
        columns = _columns(file)
        checked = _checked(upload.name, upload.getvalue(), columns)
        _preview(checked, columns)
    with card("2. The judge, and how", "", "batch-how"):
        judge = judge_picker(
            shared.judges.list(), f"{KEY}.judge", asked=st.query_params.get("judge") or st.session_state.get(FIRST)
        )
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
        _notice(estimates.notice_of(shared, judge, file, columns))
        for line in preflight(shared, judge, reference="reference" in columns.named):
            st.warning(line, icon=":material/warning:")
        leave_out = bool(checked.problems) and st.checkbox(
            f"Leave out {text.plural(len(checked.problems), 'row')} with problems", key=f"{KEY}.leave_out"
        )
        _figures(estimates.estimate(shared, judge, checked, concurrency=at_once))
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
    return estimates.check_file(TabularFile.of(name, content), columns)


def _columns(file: TabularFile) -> Columns:
    """Which columns hold what, as found by their names or as chosen."""
    names = file.columns()
    found = guess_parts(names)
    key = f"{KEY}.columns.{abs(hash(tuple(names)))}"
    chosen: dict[str, str] = {}
    with st.grid(columns=4, min_column_width=150, gap=12, key="batch-columns"):
        for part in _PARTS:
            options = names if part == "text" else [_NONE, *names]
            first = found.get(part, options[0])
            picked = st.selectbox(f"Column of the {part}", options, index=options.index(first), key=f"{key}.{part}")
            if picked != _NONE or part == "text":
                chosen[part] = picked
    keep = st.checkbox("Keep the other columns as metadata", value=True, key=f"{key}.keep")
    twice = [column for column in chosen.values() if list(chosen.values()).count(column) > 1]
    if twice:
        raise InvalidInput(f"The column {twice[0]} is chosen twice. Choose another one for each part.", field="columns")
    return Columns.of(chosen, keep_others=keep)


def _preview(checked: Checked, columns: Columns) -> None:
    rows = [
        {
            "Question": text.shorten(row.input or "", _SHOWN) or None,
            "Context": text.shorten(row.context or "", _SHOWN) or None,
            "Text": text.shorten(row.evaluation_target, _SHOWN),
            "Reference": text.shorten(row.expected_output or "", _SHOWN) or None,
            "Metadata": text.shorten(", ".join(f"{name}: {value}" for name, value in row.metadata.items()), _SHOWN),
        }
        for row in checked.first
    ]
    found = f"{text.plural(checked.rows, 'row')} to evaluate"
    st.caption(found + (f", the first {len(rows)}:" if checked.rows > len(rows) else ":" if rows else "."))
    if rows:
        order = [part.capitalize() for part in columns.named] + (["Metadata"] if columns.keep_others else [])
        st.dataframe(rows, column_order=order, hide_index=True, height="content", alt="The first rows")
    if checked.problems:
        count = text.plural(len(checked.problems), "row")
        st.caption(f":orange[**{count} with problems.**] They cannot be evaluated as they are:")
        st.dataframe(
            [{"Line": one.line, "Problem": one.message} for one in checked.problems[: estimates.SHOWN_PROBLEMS]],
            column_config={"Line": st.column_config.NumberColumn(width=70), "Problem": {"width": 900}},
            hide_index=True,
            height="content" if len(checked.problems) <= 8 else 240,
            alt="Problems",
        )


def _notice(found: Notice) -> None:
    """What the judge sees of the file, before it begins."""
    seen = "; ".join(f"the {part} from {column}" for part, column in found.shown.items())
    st.caption(f"**The judge sees** {text.plain(seen)}.")
    if found.hidden:
        unseen = "; ".join(f"{column}, {why}" for column, why in found.hidden.items())
        st.caption(f":orange[**It does not see**] {text.plain(unseen)}.")


def _figures(found: Estimate) -> None:
    with st.grid(columns=4, min_column_width=120, gap=8, key="batch-estimate"):
        st.metric("Calls", text.count(found.calls))
        st.metric("Tokens, about", text.count(found.tokens))
        st.metric("Cost, about", text.money(found.cost), help="From the model's prices under Models & metrics")
        st.metric("Time, about", text.duration(found.seconds))
    st.caption(f"By {found.basis}.")


def _start(
    shared: Services, judge: Judge, file: TabularFile, columns: Columns, name: str, at_once: int, budget: float | None,
    leave_out: bool,
) -> None:  # fmt: skip

    def act(actor: User) -> None:
        made = batches.submit(
            shared, actor, name, judge, file, columns,
            concurrency=at_once, budget=budget or None, leave_out=leave_out,
        )  # fmt: skip
        batches.start(shared, actor, made.batch_id)
        open_batch(made.batch_id)

    with st.spinner("Storing the rows …"):
        saving.save(shared, KEY, act, "The batch has begun.")
