"""Drafts: what somebody typed into a form and has not saved yet.

A draft lives in the session, by person, kind and record, from the first click on Edit until it is saved or thrown
away; pages that are left and come back to find it again. It knows the revision that it was based on, so that a save
by somebody else in between is noticed, and what the record said then, so that only real edits count as edits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

Values = dict[str, Any]
"""What a form says, by field: plain values, JSON as text."""
NEW = "new"
"""In place of an id: a record that is not saved yet."""
_STORE = "drafts"
_COUNTER = "drafts.number"


@dataclass(slots=True)
class Draft:
    """One form that is being filled in."""

    base: Values
    """What the record said when the draft began."""
    values: Values
    """What the form says now."""
    revision: int | None = None
    """The revision that the draft is based on; None for a new record."""
    version: str = ""
    """The version that it is based on."""
    origin: str = ""
    """Where the values come from when not from the record itself, as words of ours: a restored version, a copy."""
    number: int = 0
    """Part of the keys of its widgets: another draft gets other widgets."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why the last attempt to save was refused, by field; "" for what belongs to no field."""

    @property
    def changed(self) -> list[str]:
        """Fields that differ from the base."""
        return [name for name, value in self.values.items() if value != self.base.get(name)]


@dataclass(frozen=True, slots=True)
class DraftKey:
    """Where a draft is kept: whose it is, and of which record."""

    username: str
    kind: str
    record_id: str

    def find(self) -> Draft | None:
        """The draft, if there is one."""
        return _drafts().get(self)

    def put(self, draft: Draft) -> Draft:
        """Keep a draft, in place of the one that was here; its widgets start from its values."""
        draft.number = st.session_state[_COUNTER] = st.session_state.get(_COUNTER, 0) + 1
        _drafts()[self] = draft
        return draft

    def drop(self) -> None:
        """Throw the draft away."""
        _drafts().pop(self, None)


def unsaved(username: str, kind: str) -> dict[str, Draft]:
    """The drafts with edits that somebody has of one kind, by record id."""
    mine = {
        place.record_id: draft for place, draft in _drafts().items() if (place.username, place.kind) == (username, kind)
    }
    return {record_id: draft for record_id, draft in mine.items() if draft.changed}


def merged(draft: Draft, theirs: Values) -> Values:
    """The edits of the draft laid over what somebody else saved: fields that it does not touch stay theirs."""
    return {name: draft.values[name] if name in draft.changed else value for name, value in theirs.items()}


def _drafts() -> dict[DraftKey, Draft]:
    drafts: dict[DraftKey, Draft] = st.session_state.setdefault(_STORE, {})
    return drafts
