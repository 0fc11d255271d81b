"""Saving: a write in a widget's callback, and what came of it where the person looks for it.

Callbacks run before the page is drawn again, so the page shows the new state at once. What was typed stays in its
widgets unless the write worked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from console.errors import ConsoleError, SignInRequired
from console.records import User
from console.services import Services
from console.ui.frame import notes
from console.ui.frame.text import plain
from console.ui.sign_in import auth

_log = logging.getLogger(__name__)


def save(
    shared: Services, key: str, act: Callable[[User], object], done: str, reset: Mapping[str, Any] | None = None
) -> bool:
    """Do `act` as who is signed in now; tell whether it worked. For callbacks; `problem` shows what did not.

    Args:
        key: of the form, `page.part`.
        done: what to say when it worked, our own words; nothing where it is plain to see.
        reset: widget keys and their values after it worked.
    """
    try:
        user = auth.current_user(shared)
        if user is None:
            raise SignInRequired("Your session has ended; nothing was saved. Sign in again.")
        act(user)
    except ConsoleError as error:
        _log.warning("%s: %s", type(error).__name__, error)
        st.session_state[_key(key)] = str(error)
        return False
    st.session_state.update(reset or {})
    if done:
        notes.say(done)
    return True


def problem(key: str) -> None:
    """Why the last try of the form `key` did not work, once."""
    message = st.session_state.pop(_key(key), None)
    if message:
        st.error(plain(message), icon=":material/error:")


def _key(key: str) -> str:
    return f"{key}.problem"
