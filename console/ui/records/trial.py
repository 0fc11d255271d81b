"""Below a judge or a case: the exact prompt, and, while it is edited, what the draft says of a few runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console.actions.runs import trial
from console.errors import ConsoleError, JudgingError
from console.records import Artifact, Case, Judge, Results, Run, Snapshot, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, number_column, show_records, text_column
from console.ui.sign_in import saving

Pair = tuple[Judge, Case]
_SHOWN = 60_000
"""Characters of a prompt that a page shows."""
_SAMPLE = Artifact(evaluation_target="(The text that is rated.)")


def prompt_panel(shared: Services, kind: str, pairs: Sequence[Pair]) -> None:
    """The exact prompt of a judge, for the text of a run; made only when it is opened."""
    panel = st.expander("What the judge is asked", key=f"{kind}.prompt", icon=":material/chat:", on_change="rerun")
    if not panel.open:
        return
    with panel:
        pair = _pair(kind, "prompt", pairs)
        if pair is None:
            st.caption("There is no judge of this case in use.")
            return
        judge, case = pair
        if judge.metric.type != "geval":
            st.caption("This judge asks no model: it compares the text with the reference.")
            return
        runs = trial.latest_runs(shared, case.case_id)
        run = _run(kind, runs)
        try:
            asked = trial.preview(shared, Snapshot.of(judge, case), run.evaluated_artifact if run else _SAMPLE)
        except JudgingError as error:
            st.text(str(error))
            return
        st.caption("Word for word, as it would be sent now; the delimiters follow from all that is shown.")
        st.code(asked[:_SHOWN], language=None, wrap_lines=True, height=420)


def trial_panel(shared: Services, kind: str, pairs: Callable[[], Sequence[Pair]]) -> None:
    """Tries a draft on the latest runs of its case, before it is saved.

    Args:
        pairs: the judges and the case as they are drafted. Raises ConsoleError where the draft cannot be used.
    """
    with card("Try the draft", f"On up to {trial.MOST} runs; nothing is saved", f"{kind}-trial"):
        saving.problem(f"{kind}.trial")
        try:
            drafted = list(pairs())
        except (ConsoleError, ValueError, TypeError) as error:
            st.caption(text.plain(f"Complete the draft first. {error}", 300))
            return
        pair = _pair(kind, "trial", drafted)
        if pair is None:
            st.caption("It takes a judge of this case, or a model. There is none in use.")
            return
        case_id = pair[1].case_id
        runs = trial.latest_runs(shared, case_id) if case_id else []
        if not runs:
            runs = trial.latest_runs(shared, None)
            if not runs:
                st.caption("It takes the text of a run. There is none yet.")
                return
            st.caption("This case has no runs yet: these are the texts of the latest runs of others.")
        named = {str(run.run_id): run for run in runs}
        chosen = st.multiselect(
            "Runs", list(named), default=list(named)[:3], key=f"{kind}.trial.runs",
            format_func=lambda one: f"{one}  {text.shorten(named[one].evaluated_artifact.evaluation_target, 50)}",
        )  # fmt: skip
        key = f"{kind}.trial.results"
        asked = st.button(
            f"Try it on {text.plural(len(chosen), 'run')}", key=f"{kind}.trial.go", icon=":material/experiment:",
            disabled=not chosen, help="Asks the judge's model; it costs what runs cost",
        )  # fmt: skip
        if asked:
            _try(shared, kind, key, pair, [named[one] for one in chosen])
        if found := st.session_state.get(key):
            _table(found)


def _try(shared: Services, kind: str, key: str, pair: Pair, runs: Sequence[Run]) -> None:
    """Tries the draft, here and now, and draws the page again with what came of it."""
    bar = st.progress(0.0, "The judge is asked …")

    def shown(done: int, of: int) -> None:
        bar.progress(done / of, f"{done} of {of} judged")

    def act(actor: User) -> None:
        st.session_state[key] = trial.try_draft(shared, actor, *pair, runs, progress=shown)

    saving.save(shared, f"{kind}.trial", act, "The draft was tried.")
    st.rerun()


def _table(found: Sequence[trial.Trial]) -> None:
    columns: list[Column[trial.Trial]] = [
        text_column("Run", lambda one: str(one.run.run_id), 60),
        number_column("Before", lambda one: _score(one.run.results), 70, "%.2f", "The score that the run has"),
        number_column("Draft", lambda one: _score(one.results), 70, "%.2f"),
        number_column("Change", lambda one: one.difference, 75, "%+.2f", "Of the normalised score"),
        text_column("Reason", lambda one: (one.results.reasons or [""])[0] if one.results else one.error, 420),
    ]
    show_records(found, columns, alt="What the draft says", height="content")
    costs = [one.cost for one in found if one.cost is not None]
    st.caption(f"It cost {text.money(sum(costs))}." if costs else "The model has no prices, so its cost is not known.")


def _score(results: Results | None) -> float | None:
    return results.final_score if results else None


def _pair(kind: str, panel: str, pairs: Sequence[Pair]) -> Pair | None:
    if len(pairs) < 2:
        return pairs[0] if pairs else None
    names = [f"{text.judge_name(judge.name, judge.judge_id)}, {judge.llm.model}" for judge, _ in pairs]
    place = st.selectbox("Judge", range(len(pairs)), key=f"{kind}.{panel}.judge", format_func=lambda one: names[one])
    return pairs[place or 0]


def _run(kind: str, runs: Sequence[Run]) -> Run | None:
    if not runs:
        st.caption("No run of this case yet: a placeholder stands for the text.")
        return None
    texts = [f"{run.run_id}  {text.shorten(run.evaluated_artifact.evaluation_target, 70)}" for run in runs]
    place = st.selectbox(
        "For the text of run", range(len(runs)), key=f"{kind}.prompt.run", format_func=lambda one: texts[one]
    )
    return runs[place or 0]
