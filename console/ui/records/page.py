"""The page of one record: read it, edit it, go through its versions. Cases and judges are both shown by it.

The address names the record (`?case=ID`, `new` for one that is not saved yet), the version when it is not the one in
force, and the tab. Whether it is being edited is not in the address: that is so while there is a draft.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Generic

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from console.errors import AlreadyExists, ConflictError, ConsoleError, InvalidInput, NotFound
from console.records import Role, User
from console.services import Services
from console.ui.frame import notes, text
from console.ui.frame.controls import filters
from console.ui.frame.controls.drafts import NEW, Draft, DraftKey, Values
from console.ui.frame.session import back, page_title
from console.ui.records.conflict import conflict_dialog, set_aside
from console.ui.records.dialogs import deactivate_dialog, replace_dialog, start
from console.ui.records.editor import Editor, R
from console.ui.records.fields import Form, labels_of
from console.ui.records.versions import versions_tab
from console.ui.records.ways import way_on
from console.ui.sign_in.saving import problem, save

_log = logging.getLogger(__name__)
_TABS = {"configuration": "Configuration", "versions": "Versions"}
_NAME_LIMIT = 200
_ASK_BEFORE_LEAVING = Path(__file__).with_name("unsaved.html")
"""Ours, constant: the browser asks before the tab closes while there are unsaved edits in sight."""
_PROBLEM_OF = {"score_range": "high", "parameters": "other"}
"""Fields of records that have another name in the form."""


class RecordPage(Generic[R]):
    """One record, one visitor."""

    def __init__(self, shared: Services, editor: Editor[R], user: User, record_id: str) -> None:
        self._shared = shared
        self._editor = editor
        self._user = user
        self._id = record_id
        self._draft_key = DraftKey(user.username, editor.kind, record_id)
        self._admin = user.role.includes(Role.ADMIN)

    def render(self) -> None:
        """Draw the page."""
        kind = self._editor.kind
        back(f"All {kind}s", f"{kind}.back", leave, kind)
        if self._id == NEW:
            self._new()
            return
        known = list(self._editor.records.versions(self._id))
        if not known:
            raise NotFound(kind, self._id)
        current = next((one for one in known if one.active), None)
        wanted = st.query_params.get("version")
        shown = next((one for one in known if one.version == wanted), current or known[0])
        self._fresh_draft(current)
        self._head(known, current, shown)
        configuration, history = self._tabs()
        with configuration:
            if configuration.open:
                self._configuration(current, shown)
        with history:
            if history.open:
                versions_tab(self._editor, self._id, known)

    # --- head ------------------------------------------------------------------------------------------

    def _head(self, known: list[R], current: R | None, shown: R) -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="record-head"):
            page_title(self._shared, text.plain(self._editor.title(shown), 70))
            if current is None:
                st.badge("○ Not in use", color="gray")
            elif shown.active:
                st.badge(f"● Version {text.plain(shown.version)}", color="blue")
            else:
                st.badge(f"○ Version {text.plain(shown.version)}, earlier", color="gray")
            with st.container(horizontal=True, gap="small", key="record-actions", width="content"):
                if current and shown.active:
                    way_on(self._editor.kind, self._id, self._user)
                if self._admin:
                    self._actions(current, shown)
        saved = f"Saved {text.moment(shown.last_updated_on)} by {shown.last_updated_by}"
        count = f"{len(known)} version{'s' if len(known) > 1 else ''}"
        st.caption(text.plain("  ·  ".join([saved, count])))
        problem(f"{self._editor.kind}.state")

    def _actions(self, current: R | None, shown: R) -> None:
        kind = self._editor.kind
        if current and shown.active and self._draft_key.find() is None:
            st.button(
                "Edit", key=f"{kind}.edit", icon=":material/edit:", type="primary", on_click=self._edit, args=(current,)
            )
        if st.button("Duplicate", key=f"{kind}.duplicate", icon=":material/content_copy:"):
            self._begin(
                DraftKey(self._user.username, kind, NEW), self._copy(shown), {kind: NEW, "version": None, "tab": None}
            )
        if current is None:
            st.button(
                "Use again", key=f"{kind}.activate", icon=":material/play_arrow:", type="primary",
                on_click=self._activate, args=(shown,), help=f"Puts version {shown.version} into use",
            )  # fmt: skip
        elif shown.active and st.button("Deactivate", key=f"{kind}.deactivate", icon=":material/block:"):
            deactivate_dialog(self._shared, self._editor, current)

    def _tabs(self) -> list[TabContainer]:
        key = f"{self._editor.kind}.tab"
        wanted = _TABS.get(st.query_params.get("tab", ""), _TABS["configuration"])
        if st.session_state.get(key) != wanted:
            st.session_state[key] = wanted
        return list(st.tabs(list(_TABS.values()), key=key, on_change=_store_tab, args=(key,)))

    # --- configuration ---------------------------------------------------------------------------------

    def _configuration(self, current: R | None, shown: R) -> None:
        draft = self._draft_key.find()
        if current is None:
            with _banner("block", f"This {self._editor.kind} is not in use: nobody can choose it.", "inactive"):
                if draft and draft.changed:
                    st.caption("Your unsaved edits are kept. Use it again to save them.")
        elif not shown.active:
            self._old_version(current, shown)
        elif draft and self._admin:
            self._edited(current, draft)
            return
        else:
            set_aside(self._editor, self._draft_key, current)
        self._editor.show(shown)

    def _old_version(self, current: R, shown: R) -> None:
        kind = self._editor.kind
        with _banner("history", f"An earlier version. Version {text.plain(current.version)} is in force.", "old"):
            if self._admin and st.button("Restore as a draft", key=f"{kind}.restore", icon=":material/restore:"):
                self._begin(self._draft_key, self._restored(current, shown), {"version": None, "tab": None})
            compare = {"tab": "versions", "left": shown.version, "right": current.version, "version": None}
            st.button(
                "Compare", key=f"{kind}.compare", icon=":material/compare:", on_click=filters.navigate, args=(compare,)
            )
            st.button(
                "Show the one in force",
                key=f"{kind}.newest",
                type="tertiary",
                on_click=filters.navigate,
                args=({"version": None},),
            )

    # --- editing ---------------------------------------------------------------------------------------

    def _new(self) -> None:
        kind = self._editor.kind
        page_title(self._shared, f"New {kind}")
        if not self._admin:
            st.caption(f"Only admins create {kind}s.")
            return
        blank = self._editor.blank()
        draft = self._draft_key.find()
        if draft is None or (not draft.changed and not draft.origin and draft.base != blank):
            draft = self._draft_key.put(Draft(base=blank, values=dict(blank)))
        self._form(draft, None)
        if self._bar(draft, f"Create the {kind}", draft.origin or f"A new {kind}"):
            self._create(draft)

    def _edited(self, current: R, draft: Draft) -> None:
        overtaken = draft.revision != current.revision
        if overtaken:
            self._overtaken(current)
        self._form(draft, current)
        origin = draft.origin or f"Editing version {draft.version}"
        if self._bar(draft, "Save", origin):
            if overtaken:
                conflict_dialog(self._shared, self._editor, self._draft_key)
            else:
                self._save(current, draft)

    def _overtaken(self, current: R) -> None:
        what = f"{text.plain(current.last_updated_by)} saved version {text.plain(current.version)} meanwhile."
        with _banner("call_split", what, "overtaken"):
            if st.button("Compare with mine", key=f"{self._editor.kind}.overtaken"):
                conflict_dialog(self._shared, self._editor, self._draft_key)

    def _form(self, draft: Draft, before: R | None) -> None:
        with st.container(key="record-form"):
            form = Form(self._editor.kind, draft, labels_of(self._editor.fields))
            self._editor.form(form, draft.values, before)

    def _bar(self, draft: Draft, save_words: str, origin: str) -> bool:
        """What is edited, what was changed, and the ways out; it stays at the foot of the window."""
        kind = self._editor.kind
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="record-bar"):
            with st.container(key="record-bar-words", gap=None):
                st.markdown(f"**{text.plain(origin, 80)}**")
                if draft.problems:
                    first = next(iter(draft.problems.values()))
                    st.markdown(f":material/error: :orange[{text.plain(first, 220)}]")
                else:
                    st.caption(text.plain(self._edits(draft), 160))
            if draft.changed:
                with st.container(key="unsaved", width=1):
                    st.html(_ASK_BEFORE_LEAVING, unsafe_allow_javascript=True)
            st.button("Discard", key=f"{kind}.discard", on_click=self._discard)
            return st.button(save_words, key=f"{kind}.save", type="primary", shortcut="Ctrl+S")

    def _edits(self, draft: Draft) -> str:
        if self._id == NEW:
            return "Not saved yet" if draft.changed else "Nothing filled in yet"
        labels = labels_of(self._editor.fields)
        names = [labels[name] for name in draft.changed]
        return f"Unsaved changes: {', '.join(names)}" if names else "Nothing changed yet"

    # --- acting ----------------------------------------------------------------------------------------

    def _fresh_draft(self, current: R | None) -> None:
        """A draft in which nothing was changed follows the record."""
        draft = self._draft_key.find()
        if draft and current and not draft.changed and draft.revision != current.revision:
            self._edit(current)

    def _edit(self, current: R) -> None:
        values = self._editor.values(current)
        draft = Draft(base=values, values=dict(values), revision=current.revision, version=current.version)
        self._draft_key.put(draft)
        filters.navigate({"tab": None})

    def _restored(self, current: R, old: R) -> Draft:
        base = self._editor.values(current)
        kept = {name: base[name] for name in self._editor.kept_on_restore}
        return Draft(
            base=base,
            values=self._editor.values(old) | kept,
            revision=current.revision,
            version=current.version,
            origin=f"Version {old.version} restored as a draft",
        )

    def _copy(self, record: R) -> Draft:
        title = self._editor.title(record)
        values = self._editor.values(record) | {"name": text.shorten(f"Copy of {title}", _NAME_LIMIT)}
        return Draft(base=self._editor.blank(), values=values, origin=f"A copy of {title}")

    def _begin(self, key: DraftKey, draft: Draft, then: dict[str, str | None]) -> None:
        """Put a draft into a place; one with edits does not give way without a question."""
        existing = key.find()
        if existing and existing.changed:
            replace_dialog(key, draft, then)
            return
        start(key, draft, then)
        st.rerun()

    def _discard(self) -> None:
        self._draft_key.drop()
        if self._id == NEW:
            leave(self._editor.kind)

    def _create(self, draft: Draft) -> None:
        if self._refused(draft, {}):
            st.rerun()
        try:
            made = self._editor.create(self._user, draft.values)
        except ConsoleError as error:
            self._note(draft, error)
        else:
            self._draft_key.drop()
            filters.navigate({self._editor.kind: made})
            notes.say(f"{self._editor.kind.capitalize()} created")
        st.rerun()

    def _save(self, current: R, draft: Draft) -> None:
        if self._refused(draft, draft.base):
            st.rerun()
        try:
            said = self._editor.save(self._user, current, draft.values, draft.revision)
        except ConflictError:
            conflict_dialog(self._shared, self._editor, self._draft_key)
            return
        except ConsoleError as error:
            self._note(draft, error)
        else:
            self._draft_key.drop()
            notes.say(said)
        st.rerun()

    def _refused(self, draft: Draft, base: Values) -> bool:
        draft.problems = self._editor.problems(draft.values, base)
        if base and not draft.problems and not draft.changed:
            draft.problems = {"": "Nothing was changed, so there is nothing to save."}
        return bool(draft.problems)

    def _note(self, draft: Draft, error: ConsoleError) -> None:
        _log.warning("%s: %s", type(error).__name__, error)
        name = "name" if isinstance(error, AlreadyExists) else ""
        if isinstance(error, InvalidInput) and error.field:
            name = _PROBLEM_OF.get(error.field, error.field)
        draft.problems = {name if name in draft.values else "": str(error)}

    def _activate(self, shown: R) -> None:
        done = f"Version {shown.version} is in use"
        save(self._shared, f"{self._editor.kind}.state", lambda actor: self._editor.activate(actor, shown), done)
        filters.navigate({"version": None})


def leave(kind: str) -> None:
    """Back to the list; its filters stay."""
    filters.navigate(dict.fromkeys((kind, "version", "tab", "left", "right")))


def _store_tab(key: str) -> None:
    chosen = next(name for name, label in _TABS.items() if label == st.session_state[key])
    filters.navigate({"tab": None if chosen == "configuration" else chosen})


def _banner(icon: str, words: str, key: str) -> st.delta_generator.DeltaGenerator:
    """A line with something to know, and what to do about it. `words` are safe already."""
    box = st.container(
        border=True, horizontal=True, vertical_alignment="center", gap="small", key=f"record-banner-{key}"
    )
    box.markdown(f":material/{icon}: {words}", width="stretch")
    return box
