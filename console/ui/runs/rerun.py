"""Judging again: one run from its page, several from a selection; and what came out beside what was."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.runs import rerun
from console.actions.runs.rerun import Repeated
from console.errors import NotFound
from console.records import Judge, Role, Run, RunId, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.controls.columns import Column, number_column, show_records, text_column
from console.ui.frame.navigation import link_to
from console.ui.frame.style import outcome
from console.ui.sign_in import saving

_THEN, _NOW = "As it was then", "By the judge of today"
_HELP = {
    _THEN: "Under the run's snapshot: the same judge, criteria and parameters",
    _NOW: "By the versions of the judge and the case that are in force",
}


def rerun_card(shared: Services, user: User, run: Run) -> None:
    """On the page of a run: the ways to judge its text again, and the last time that somebody here did."""
    if not user.role.includes(Role.EVALUATOR) or not run.status.finished:
        return
    key = f"run.again.{run.run_id}"
    with card("Judge it again", "In a new run; this one stays as it is", "run-again"):
        saving.problem(key)
        _buttons(shared, "run.again", key, [run.run_id])
        _by_another(shared, key, run)
        if made := st.session_state.get(f"{key}.made"):
            _one(shared, made)


def rerun_selection(shared: Services, run_ids: Sequence[RunId]) -> None:
    """The runs of a selection, the ways to judge their texts again, and the differences."""
    key = "evaluate.again"
    with card(
        f"{text.plural(len(run_ids), 'run')} again",
        "Each in a new run; the old ones stay as they are",
        "evaluate-again",
    ):
        saving.problem(key)
        _buttons(shared, key, key, list(run_ids))
        if made := st.session_state.get(f"{key}.made"):
            _several(shared, made)


def _buttons(shared: Services, page: str, key: str, run_ids: list[RunId]) -> None:
    with st.container(horizontal=True, gap="small", key=f"{page.replace('.', '-')}-ways"):
        for name, title, as_then in (("then", _THEN, True), ("now", _NOW, False)):
            st.button(
                title, key=f"{page}.{name}", icon=":material/replay:", help=_HELP[title], on_click=_again,
                args=(shared, key, run_ids, as_then),
            )  # fmt: skip


def _by_another(shared: Services, key: str, run: Run) -> None:
    """Any version of the run's judge, or another judge of the case."""
    known = {f"{judge.judge_id}@{judge.version}": judge for judge in rerun.judges_for(shared, run)}
    if not known:
        return
    names = filters.distinct({one: _name(judge) for one, judge in known.items()})
    field = f"{key}.judge"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="run-again-other"):
        chosen = st.selectbox(
            "Judge or version", [one for one in known if one in names], key=field, format_func=names.__getitem__,
            label_visibility="collapsed", width=300,
        )  # fmt: skip
        st.button(
            "By this one", key="run.again.other", icon=":material/gavel:", on_click=_again,
            args=(shared, key, [run.run_id], False, known.get(chosen)),
            help="With the case that is in force; the new run says which version judged it",
        )  # fmt: skip


def _name(judge: Judge) -> str:
    in_force = ", in force" if judge.active else ""
    return f"{text.judge_name(judge.name, judge.judge_id)} version {judge.version}{in_force}"


def _again(shared: Services, key: str, run_ids: list[RunId], as_then: bool, judge: Judge | None = None) -> None:

    def act(actor: User) -> None:
        bar = st.progress(0.0, "The judge is at work …")
        made = rerun.rerun_many(
            shared,
            actor,
            run_ids,
            as_then=as_then,
            judge=judge,
            progress=lambda done, total: _moved(bar, done, total),
        )
        st.session_state[f"{key}.made"] = [(pair.before.run_id, pair.after.run_id) for pair in made]

    saving.save(shared, key, act, "Judged again.")


def _moved(bar: st.delta_generator.DeltaGenerator, done: int, total: int) -> None:
    bar.progress(done / total, f"{done} of {total}")


def _pairs(shared: Services, made: Sequence[tuple[RunId, RunId]]) -> list[Repeated]:
    pairs = []
    for before, after in made:
        try:
            pairs.append(Repeated(shared.runs.get(before), shared.runs.get(after)))
        except NotFound:
            continue
    return pairs


def _one(shared: Services, made: Sequence[tuple[RunId, RunId]]) -> None:
    for pair in _pairs(shared, made):
        with st.grid(columns=3, min_column_width=100, gap=8, key="run-again-figures"):
            st.metric("Before", _result(pair.before))
            st.metric("Now", _result(pair.after), _difference(pair), delta_color="off", delta_arrow="off")
            st.metric("Result", outcome(pair.after.status, pair.after.evaluation_status).text)
        with st.container(horizontal=True, gap="medium"):
            link_to("run", f"Run {pair.after.run_id}", ":material/arrow_forward:", run=str(pair.after.run_id))
            link_to(
                "compare", "Compare both", ":material/compare_arrows:", runs=f"{pair.before.run_id},{pair.after.run_id}"
            )


def _several(shared: Services, made: Sequence[tuple[RunId, RunId]]) -> None:
    pairs = _pairs(shared, made)
    flipped = sum(pair.flipped for pair in pairs)
    failed = sum(pair.after.results is None for pair in pairs)
    st.caption(f"{len(pairs)} judged again, {flipped} with another result, {failed} without a score.")
    columns: list[Column[Repeated]] = [
        text_column("Run", lambda pair: str(pair.before.run_id)),
        text_column("Before", lambda pair: _result(pair.before)),
        text_column("New run", lambda pair: str(pair.after.run_id)),
        text_column("Now", lambda pair: _result(pair.after)),
        number_column("Difference", lambda pair: pair.difference, None, "%+.3f", "Of the normalised scores"),
        text_column("Result", lambda pair: outcome(pair.after.status, pair.after.evaluation_status).text),
        text_column("Text", lambda pair: text.shorten(pair.before.evaluated_artifact.evaluation_target, 120), "large"),
    ]
    show_records(pairs, columns, alt="Runs before and now", height="content" if len(pairs) <= 20 else 700)


def _result(run: Run) -> str:
    return text.score(run.results.final_score_normalized) if run.results else "no score"


def _difference(pair: Repeated) -> str | None:
    return None if pair.difference is None else f"{pair.difference:+.3f}"
