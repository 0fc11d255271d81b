"""What can be done with all ticked runs at once: tags, and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console.actions.labels.labels import label_many
from console.actions.runs.detail import run_id_of
from console.actions.runs.tags import MOST, tag_runs
from console.records import Role, RunId, User
from console.services import Services
from console.ui.frame import text
from console.ui.sign_in import saving

_KEY = "runs.bulk"
_TAGS, _COMMENT = f"{_KEY}.tags", f"{_KEY}.comment"
_Act = Callable[[User, list[RunId]], int]


def ticked_runs(shared: Services, user: User, ticked: Sequence[str]) -> None:
    """The popover; nothing where no run is ticked, or for who may not change them."""
    if not ticked or not user.role.includes(Role.EVALUATOR):
        return
    with st.popover(f"With {text.plural(len(ticked), 'run')}", icon=":material/checklist:", key=f"{_KEY}.popover"):
        saving.problem(_KEY)
        if len(ticked) > MOST:
            st.caption(f"At most {MOST} at once.")
            return
        st.text_input("Tags", key=_TAGS, placeholder="late, check again", help="With commas between them")
        with st.container(horizontal=True, gap="small"):
            _button("Add tags", "add", shared, lambda actor, ids: tag_runs(shared, actor, ids, add=_tags()), "tagged")
            _button(
                "Take off", "remove", shared, lambda actor, ids: tag_runs(shared, actor, ids, remove=_tags()), "changed"
            )
        st.text_input("Comment of the label (optional)", key=_COMMENT, max_chars=4_000)
        with st.container(horizontal=True, gap="small"):
            for word, passed in (("Pass", True), ("Fail", False)):
                _button(f"Label as {word.lower()}", word.lower(), shared, _labels(shared, passed), "labelled")


def _button(label: str, name: str, shared: Services, act: _Act, done: str) -> None:
    st.button(label, key=f"{_KEY}.{name}", on_click=_do, args=(shared, act, done))


def _do(shared: Services, act: _Act, done: str) -> None:
    ids = [run_id_of(one) for one in st.session_state.get("runs.ticked", [])]
    if not ids:
        return
    saving.save(shared, _KEY, lambda actor: act(actor, ids), f"{text.plural(len(ids), 'run')} {done}.", {_TAGS: ""})


def _labels(shared: Services, passed: bool) -> _Act:
    return lambda actor, ids: label_many(
        shared, actor, ids, passed=passed, comment=str(st.session_state.get(_COMMENT, ""))
    )


def _tags() -> list[str]:
    return [one for one in str(st.session_state.get(_TAGS, "")).split(",") if one.strip()]
