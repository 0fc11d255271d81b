"""One text, judged while somebody waits: the judge and its steps, the text or a document, and the result."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.configuration import steps
from console.actions.runs import evaluation
from console.actions.runs.preflight import preflight
from console.errors import JudgingError
from console.judging.providers.port import reached
from console.records import Artifact, Case, Document, Judge, Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.navigation import link_to
from console.ui.runs import parts
from console.ui.sign_in import saving

KEY = "evaluate"
_TEXT, _DOCUMENT = "A text", "A document"
_RUN = f"{KEY}.run"
FIRST = f"{KEY}.first"
_RECENT = 100
_TALL = 300
_TEXTS = (
    ("question", "Question (optional)", 68, "What the text answers"),
    ("context", "Context (optional)", 68, "The material that the text rests on"),
    ("text", "Text to evaluate", 200, "An answer, a summary, a translation …"),
    ("reference", "Reference (optional)", 110, "What a good one looks like, or the source it is made from"),
)


def single(shared: Services, user: User) -> None:
    """The form and, beside it, what came out."""
    judges = shared.judges.list()
    with st.grid(columns=2, min_column_width=420, gap=14, key="evaluate-single") as grid:
        with grid.cell():
            with card("What is judged, and by whom", "", "evaluate-form"):
                judge = judge_picker(judges, f"{KEY}.judge", asked=_first(shared, user))
                _without_key(shared, judge)
                given = _given(shared)
                _without_reference(shared, judge, given[0])
                saving.problem(KEY)
                st.button(
                    "Evaluate", key=f"{KEY}.start", type="primary", icon=":material/play_arrow:",
                    disabled=judge is None, on_click=_evaluate, args=(shared, judge, given),
                )  # fmt: skip
            if judge and judge.metric.type == "geval":
                _steps(shared, user, judge)
        with grid.cell():
            _result(shared)


def _first(shared: Services, user: User) -> str | None:
    """The judge that is chosen at first: of the address, else the one to begin with, found once a session."""
    if FIRST not in st.session_state:
        st.session_state[FIRST] = evaluation.first_judge(shared, shared.judges.list(), user.username)
    return st.query_params.get("judge") or st.session_state[FIRST]


def judge_picker(judges: Sequence[Judge], key: str, *, asked: str | None = None) -> Judge | None:
    """The choice of a judge in use.

    Args:
        asked: the id that is chosen at first.
    """
    known = {judge.judge_id: judge for judge in judges}
    if not known:
        st.caption("There is no judge yet. An admin makes one.")
        link_to("judges")
        return None
    first = list(known).index(asked) if asked in known else 0
    chosen = st.selectbox(
        "Judge", list(known), index=first, key=key, format_func=lambda one: text.judge_label(known[one])
    )
    judge = known.get(chosen)
    if judge:
        st.caption(text.plain(f"{judge.metric.type} by {judge.llm.model} ({judge.llm.type}), version {judge.version}"))
    return judge


def _without_key(shared: Services, judge: Judge | None) -> None:
    """Offers the judge of this machine where the chosen one's provider is not set up."""
    if judge is None or judge.metric.type != "geval" or judge.llm.type == "local":
        return
    where, _ = reached(judge.llm.type, shared.settings)
    if where.missing():
        st.info(
            f"{where.missing()} is not set, so this judge cannot be asked. A judge of the provider `local` needs no "
            "key (`make local-judge` installs it): it shows the whole way, and is too small to be trusted.",
            icon=":material/key_off:",
        )


def _without_reference(shared: Services, judge: Judge | None, given: Artifact) -> None:
    """Says before the start that a reference is missing, once there is a text."""
    if judge is None or not given.evaluation_target.strip():
        return
    for line in preflight(shared, judge, reference=bool(given.expected_output), provider=False):
        st.caption(f":orange[{line}]")


def _given(shared: Services) -> tuple[Artifact, str | None]:
    """The artifact that the form says, and the document that it is from."""
    asked = st.query_params.get("document")
    source = st.segmented_control(
        "From", [_TEXT, _DOCUMENT], default=_DOCUMENT if asked else _TEXT, key=f"{KEY}.source", required=True
    )
    if source == _DOCUMENT:
        document = _document(shared, asked)
        if document is None:
            return Artifact(evaluation_target=""), None
        return document.artifact(), document.document_id
    for name, label, height, placeholder in _TEXTS:
        st.text_area(label, key=f"{KEY}.{name}", height=height, placeholder=placeholder, persist_state="session")
    return _typed(), None


def _typed() -> Artifact:
    """What stands in the fields now."""
    typed = {name: st.session_state.get(f"{KEY}.{name}") for name, *_ in _TEXTS}
    return Artifact(
        evaluation_target=typed["text"] or "",
        expected_output=typed["reference"] or None,
        input=typed["question"] or None,
        context=typed["context"] or None,
    )


def _document(shared: Services, asked: str | None) -> Document | None:
    rows = shared.documents.list(limit=_RECENT).items
    names = {row.document_id: text.shorten(row.preview, 70) for row in rows}
    if asked and asked not in names:
        names = {asked: asked, **names}
    if not names:
        st.caption("There are no documents yet.")
        return None
    chosen = st.selectbox(
        "Document", list(names), index=list(names).index(asked) if asked else 0, key=f"{KEY}.document",
        format_func=lambda one: names[one], help=f"The latest {_RECENT}; others by the address of their page",
    )  # fmt: skip
    document = shared.documents.get(chosen)
    parts.block(document.evaluation_target, "evaluate-document", tall=_TALL)
    if document.expected_output is None:
        st.caption("It has no reference.")
    return document


def _evaluate(shared: Services, judge: Judge, given: tuple[Artifact, str | None]) -> None:
    artifact, document_id = given

    def act(actor: User) -> None:
        if document_id is None:
            run = evaluation.evaluate_text(shared, actor, judge, _typed())
        else:
            run = evaluation.evaluate(shared, actor, judge, artifact, document_id=document_id)
        st.session_state[_RUN] = run.run_id

    with st.spinner("The judge is at work …", show_time=True):
        saving.save(shared, KEY, act, "The run is finished.")


def _result(shared: Services) -> None:
    run_id = st.session_state.get(_RUN)
    run = shared.runs.find(run_id) if run_id is not None else None
    with card("Result", "" if run else "It appears here, and among the runs.", "evaluate-result"):
        if run is None:
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="evaluate-result-head"):
            parts.badge(run)
            link_to("run", f"Run {run.run_id}", ":material/arrow_forward:", run=str(run.run_id))
        st.caption(text.plain(parts.origin(run)))
        if run.error_message:
            parts.failure(run.error_message)
        if run.results:
            parts.figures(run, run.results)
            parts.scores(run, key=f"{KEY}.scores")
            parts.reasons(run.results)
            parts.notes(run.results)


# --- steps -----------------------------------------------------------------------------------------------------


def _steps(shared: Services, user: User, judge: Judge) -> None:
    """What the judge goes by: pinned on the case, written by its model, or not there yet."""
    case = shared.cases.get(judge.case_id)
    try:
        known = steps.steps_of(shared, judge)
    except JudgingError as error:
        with card("Evaluation steps", "", "evaluate-steps"):
            st.text(str(error))
        return
    mode = steps.mode_of(shared, judge)
    st.caption(f"This version of the judge is scored by {mode}." if mode else "The first run decides how it is scored.")
    with card("Evaluation steps", _origin(case, judge, known), "evaluate-steps"):
        saving.problem(f"{KEY}.steps")
        if known is None:
            st.button(
                "Write them now", key=f"{KEY}.steps.write", icon=":material/edit_note:", on_click=_write,
                args=(shared, judge), help="One call of the judge's model; else the first evaluation does it",
            )  # fmt: skip
        elif user.role.includes(Role.ADMIN) and "custom_chain_of_thought" not in judge.parameters:
            _steps_form(shared, case, known)
        else:
            parts.block(known, "evaluate-steps", tall=_TALL)


def _origin(case: Case, judge: Judge, known: str | None) -> str:
    if judge.parameters.get("custom_chain_of_thought"):
        return "Given by the judge's parameter custom_chain_of_thought"
    if "evaluationSteps" in case.metadata:
        return "Pinned on the case, for all of its judges"
    if known is None:
        return "Nobody has written any yet for this version of the case and this model"
    return "Written by the judge's model for this version of the case, and used for every text"


def _steps_form(shared: Services, case: Case, known: str) -> None:
    field = f"{KEY}.steps.{case.case_id}.{case.revision}"
    pinned = "evaluationSteps" in case.metadata
    with st.form(f"{KEY}.steps", border=False):
        st.text_area("Steps", known, key=field, height=220, label_visibility="collapsed")
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                "Pin on the case", key=f"{KEY}.steps.pin", on_click=_pin, args=(shared, case, field),
                help="Makes a new version of the case; all of its judges then go by these steps",
            )  # fmt: skip
            if pinned:
                st.form_submit_button(
                    "Take off", key=f"{KEY}.steps.off", type="tertiary", on_click=_pin, args=(shared, case, None)
                )


def _write(shared: Services, judge: Judge) -> None:
    with st.spinner("The model writes the steps …"):
        saving.save(
            shared, f"{KEY}.steps", lambda actor: steps.write_steps(shared, actor, judge), "The steps are there."
        )


def _pin(shared: Services, case: Case, field: str | None) -> None:
    typed = st.session_state[field] if field else ""
    saving.save(
        shared,
        f"{KEY}.steps",
        lambda actor: steps.pin_steps(shared, actor, case.case_id, typed, revision=case.revision),
        "The steps are pinned." if field else "The steps are taken off.",
    )
