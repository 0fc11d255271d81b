"""A new experiment: the test set, the outputs, who judges them, and the start."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.batches.batches import MOST_AT_ONCE
from console.actions.sets import experiments
from console.actions.sets.outputs import Outputs, match_outputs, own_texts, read_outputs
from console.errors import InvalidInput
from console.records import Judge, TestSet, User
from console.services import Services
from console.tabular.files import ENDINGS, TabularFile
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.card import card
from console.ui.sets.experiment_list import open_experiment
from console.ui.sign_in import saving

KEY = "experiment.new"
_FILE, _OWN = "A file of outputs", "The texts of the set itself"
_SHOWN = 5


def experiment_form(shared: Services, set_id: str) -> None:
    """The whole form; what comes next appears when there is enough to show it."""
    test_set = shared.sets.get(set_id)
    with card(
        "1. The outputs", f"Of the system that is tried, for the items of {text.plain(test_set.name)}", "exp-file"
    ):
        source = st.segmented_control(
            "What is judged", [_FILE, _OWN], default=_FILE, key=f"{KEY}.source", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        outputs = None
        with boundary(f"{KEY}.outputs"):
            outputs = _own(shared, test_set) if source == _OWN else _uploaded(shared, test_set)
    if outputs is None:
        return
    with card("2. The judges", "", "exp-judges"):
        judges = _judges(shared)
        with st.grid(columns=3, min_column_width=170, gap=12, key="exp-options"):
            name = st.text_input(
                "Name of the experiment", outputs.source or test_set.name, key=f"{KEY}.name.{outputs.source}",
                max_chars=200,
            )  # fmt: skip
            at_once = st.number_input("Outputs at once", 1, MOST_AT_ONCE, 8, key=f"{KEY}.at_once")
            budget = st.number_input(
                "Budget in US dollars (optional)", 0.0, None, None, key=f"{KEY}.budget", placeholder="No bound",
                help="For each judge; it stops before it would cost more",
            )  # fmt: skip
        about = st.text_input(
            "What made the outputs (optional)", key=f"{KEY}.about", max_chars=2_000,
            placeholder="The model, the prompt, the commit …",
        )  # fmt: skip
        saving.problem(KEY)
        st.button(
            f"Judge {text.plural(len(outputs.texts), 'output')}", key=f"{KEY}.start", type="primary",
            icon=":material/play_arrow:", disabled=not judges, on_click=_begin,
            args=(shared, test_set, outputs, judges, name, at_once, budget, about),
        )  # fmt: skip


def _uploaded(shared: Services, test_set: TestSet) -> Outputs | None:
    upload = st.file_uploader("File", type=list(ENDINGS), key=f"{KEY}.file", label_visibility="collapsed")
    if upload is None:
        st.caption(
            "CSV or TSV with a header, or JSON Lines: a column with the keys of the items, or their questions, and "
            "one with the outputs (output, answer, response or text)."
        )
        return None
    read = read_outputs(TabularFile.of(upload.name, upload.getvalue()))
    found = match_outputs(shared, test_set.set_id, test_set.version, read.texts, upload.name, read.names)
    _said(test_set, found)
    return found


def _own(shared: Services, test_set: TestSet) -> Outputs:
    found = own_texts(shared, test_set.set_id, test_set.version)
    _said(test_set, found)
    return found


def _said(test_set: TestSet, found: Outputs) -> None:
    missing = test_set.total - len(found.texts)
    st.caption(f"**{len(found.texts):,} of {text.plural(test_set.total, 'item')}** have an output.")
    if missing:
        st.caption(f":orange[{text.plural(missing, 'item')} without one] count as no passes.")
    if found.unknown:
        some = ", ".join(text.plain(one, 80) for one in found.unknown[:_SHOWN])
        st.caption(
            f":orange[{text.plural(len(found.unknown), 'row')} left out]: the set does not have them, such as {some}."
        )


def _judges(shared: Services) -> list[Judge]:
    known = {judge.judge_id: judge for judge in shared.judges.list()}
    chosen = st.multiselect(
        "Judges", list(known), key=f"{KEY}.judges", max_selections=experiments.MOST_JUDGES,
        format_func=lambda one: text.judge_label(known[one]), placeholder="Choose one or several",
    )  # fmt: skip
    judges = [known[one] for one in chosen]
    needs = [one for one in judges if one.metric.type == "similarity"]
    if needs:
        st.caption("Similarity compares an output with the reference of its item: items without one get no score.")
    return judges


def _begin(
    shared: Services,
    test_set: TestSet,
    outputs: Outputs,
    judges: Sequence[Judge],
    name: str,
    at_once: int,
    budget: float | None,
    about: str,
) -> None:

    def act(user: User) -> None:
        if not judges:
            raise InvalidInput("Choose a judge.", field="judges")
        metadata = {"about": about.strip()} if about.strip() else {}
        made = experiments.begin(
            shared, user, test_set, outputs, judges, name=name, concurrency=at_once, budget=budget or None,
            metadata=metadata,
        )  # fmt: skip
        experiments.start_all(shared, user, made)
        open_experiment(made.experiment_id)

    with st.spinner("Storing the outputs …"):
        saving.save(shared, KEY, act, "The experiment has begun.")
