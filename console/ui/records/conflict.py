"""Somebody else saved first: theirs, mine, what differs, and what to do about it. Nothing is lost on any way out."""

from __future__ import annotations

import streamlit as st

from console.errors import ConsoleError
from console.records import User
from console.services import Services
from console.ui.frame import diff, text
from console.ui.frame.controls.drafts import Draft, DraftKey, Values, merged
from console.ui.records.editor import Editor, R
from console.ui.records.versions import sections
from console.ui.sign_in.saving import problem, save

_ASIDE = "drafts.aside"


@st.dialog("Somebody else saved first", width="large", icon=":material/call_split:")
def conflict_dialog(shared: Services, editor: Editor[R], key: DraftKey) -> None:
    """What they saved beside what is in the form. One Query each time that it is drawn."""
    draft = key.find()
    if draft is None:
        st.rerun()
    try:
        theirs = editor.records.current(key.record_id)
    except ConsoleError as error:
        st.text(str(error))
        return
    values = editor.values(theirs)
    st.markdown(
        f"**{text.plain(theirs.last_updated_by)}** saved it on {text.moment(theirs.last_updated_on)} as version "
        f"{text.plain(theirs.version)}; you began with version {text.plain(draft.version)}. "
        "Your edits are still in the form."
    )
    problem("conflict")
    _differences(editor, draft, values, theirs)
    with st.container(horizontal=True, key="conflict-ways"):
        if st.button("Go on editing", key="conflict.edit"):
            st.rerun()
        if st.button(
            "Take theirs", key="conflict.theirs", on_click=_take_theirs, args=(editor, key, theirs),
            help="The form shows theirs; your edits stay in sight below it until you dismiss them",
        ):  # fmt: skip
            st.rerun()
        if st.button(
            "Save mine on top", key="conflict.mine", type="primary",
            on_click=_save_on_top, args=(shared, editor, key, theirs),
            disabled=merged(draft, values) == values,
            help="A new version: theirs, with the fields that you changed as you have them",
        ) and key.find() is None:  # fmt: skip
            st.rerun()


def set_aside(editor: Editor[R], key: DraftKey, record: R) -> None:
    """The edits that gave way to somebody else's, until they are dismissed or put back."""
    mine = _aside().get(key)
    if mine is None:
        return
    with st.container(border=True, key="record-aside"):
        st.markdown(":material/inventory_2: **Your edits that were not saved**")
        left, right = editor.values(record), mine.values
        diff.show([s for s in sections(editor, left, right) if s.left != s.right], "As saved", "Your edits")
        with st.container(horizontal=True):
            st.button("Put them back into the form", key="aside.back", on_click=_put_back, args=(editor, key, record))
            st.button("Dismiss", key="aside.dismiss", type="tertiary", on_click=_dismiss, args=(key,))


def _take_theirs(editor: Editor[R], key: DraftKey, theirs: R) -> None:
    draft = key.find()
    if draft is None:
        return
    _aside()[key] = Draft(base=draft.base, values=merged(draft, editor.values(theirs)))
    key.drop()


def _dismiss(key: DraftKey) -> None:
    _aside().pop(key, None)


def _put_back(editor: Editor[R], key: DraftKey, record: R) -> None:
    mine = _aside().pop(key)
    key.put(Draft(base=editor.values(record), values=mine.values, revision=record.revision, version=record.version))


def _save_on_top(shared: Services, editor: Editor[R], key: DraftKey, theirs: R) -> None:
    draft = key.find()
    if draft is None:
        return
    values = merged(draft, editor.values(theirs))

    def write(actor: User) -> None:
        editor.save(actor, theirs, values, theirs.revision)

    if save(shared, "conflict", write, "Saved on top of theirs"):
        key.drop()


def _differences(editor: Editor[R], draft: Draft, theirs: Values, record: R) -> None:
    """What both changed, then what only one of the two did."""
    moved = {name for name, value in theirs.items() if value != draft.base[name]}
    mine = set(draft.changed)
    both = {name for name in moved & mine if theirs[name] != draft.values[name]}
    before, after = "Before", f"Version {record.version}, {record.last_updated_by}"
    groups = (
        (("You both changed", "On top of theirs, yours counts."), (theirs, draft.values, both), (after, "Yours")),
        (("Only you changed", ""), (draft.base, draft.values, mine - moved), (before, "Yours")),
        (
            ("Only they changed", "Theirs stays, whatever you choose."),
            (draft.base, theirs, moved - mine),
            (before, after),
        ),
    )
    with st.container(key="conflict-diff", gap="xsmall"):
        for (title, note), (left, right, names), sides in groups:
            if names:
                st.markdown(f"**{title}**  :gray[{note}]")
                diff.show(sections(editor, left, right, names), *sides)
        if not both and not mine - moved:
            st.caption("All that you changed is in theirs as well: there is nothing left to save.")


def _aside() -> dict[DraftKey, Draft]:
    aside: dict[DraftKey, Draft] = st.session_state.setdefault(_ASIDE, {})
    return aside
