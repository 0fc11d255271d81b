"""The form for a password of one's own."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

LONGEST = 1_024
"""Characters; a limit for the form, not a rule for passwords."""


class Typed(NamedTuple):
    """What was typed."""

    old: str | None
    """None where it is not asked for."""
    new: str
    repeated: str


def password_form(key: str, *, ask_old: bool) -> Typed | None:
    """Draw the form; what was typed when it has just been sent.

    Args:
        key: of the form, `page.part`.
        ask_old: whether the present password is asked for.
    """
    with st.form(key, border=False):
        old = _field("Present password", f"{key}.old", "current-password") if ask_old else None
        new = _field("New password", f"{key}.new", "new-password")
        repeated = _field("New password again", f"{key}.repeated", "new-password")
        sent = st.form_submit_button("Change password", key=f"{key}.save", type="primary", width="stretch")
    return Typed(old, new, repeated) if sent else None


def _field(label: str, key: str, autocomplete: str) -> str:
    return st.text_input(label, key=key, type="password", max_chars=LONGEST, autocomplete=autocomplete)
