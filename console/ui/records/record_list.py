"""The lists of cases and judges: search, filters, one row each, what is not saved yet. The URL holds what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from console.ui.frame import text
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters, linked
from console.ui.frame.controls.columns import Column, pick_record, text_column
from console.ui.frame.controls.drafts import NEW, Draft, DraftKey
from console.ui.records.editor import R

USE = {"in": "In use", "out": "Not in use"}
MARK = "✎"


def search_bar(kind: str, choices: Mapping[str, Mapping[str, str]]) -> dict[str, str | None]:
    """The row of filters; returns what the address asks for: `q`, `use` and each of `choices`.

    Args:
        choices: field to what can be chosen, value to words shown.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{kind}s-search"):
        _search(kind)
        for field, options in choices.items():
            _choice(kind, field, dict(options))
        linked.segments(f"{kind}s", "use", "Use", USE, use(), default="in")
    return {name: st.query_params.get(name) or None for name in ("q", *choices)}


def use() -> Literal["in", "out"]:
    """Which records the address asks for: those in use, or the others."""
    return "out" if st.query_params.get("use") == "out" else "in"


def has_words(query: str | None, *texts: str | None) -> bool:
    """Whether every word of the query is somewhere in the texts, letter case aside."""
    whole = "\n".join(part for part in texts if part).casefold()
    return all(word in whole for word in (query or "").casefold().split())


def picker(
    kind: str,
    records: Sequence[R],
    key: Callable[[R], str],
    columns: Sequence[Column[R]],
    drafts: Mapping[str, Draft],
) -> None:
    """The rows; a click opens a record. Records with unsaved edits carry a mark."""
    mark: Column[R] = text_column(
        "Draft", lambda one: MARK if key(one) in drafts else "", 58, "Unsaved edits", spare=True
    )

    pick_record(f"{kind}s", records, [mark, *columns], key, linked.opens(kind), alt=f"{kind.capitalize()}s")


def empty(kind: str, *, searched: bool, advice: str) -> None:
    """No match, or nothing there yet."""
    if searched:
        with nothing(f"No {kind}s match", "Take a filter away, or search for something else.", f"{kind}s"):
            st.button("Clear filters", key=f"{kind}s.clear", on_click=clear)
    elif use() == "out":
        nothing(
            f"Every {kind} is in use", f"A {kind} that is deactivated moves here; it can be used again.", f"{kind}s"
        )
    else:
        nothing(f"There are no {kind}s yet", advice, f"{kind}s")


def unsaved_new(username: str, kind: str, drafts: Mapping[str, Draft]) -> None:
    """A reminder of a new record that was begun and not saved."""
    draft = drafts.get(NEW)
    if draft is None:
        return
    name = draft.values["name"].strip()
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="record-banner-new"):
        begun = f"You began a new {kind}" + (f", {text.plain(name, 60)}" if name else "")
        st.markdown(f":material/edit_note: {begun}, and did not save it.", width="stretch")
        st.button("Go on", key=f"{kind}s.continue", on_click=filters.navigate, args=({kind: NEW},))
        drop: Callable[[], None] = DraftKey(username, kind, NEW).drop
        st.button("Discard", key=f"{kind}s.discard", type="tertiary", on_click=drop)


def clear() -> None:
    """Take every filter out of the address; in use or not stays."""
    filters.navigate(dict.fromkeys(("q", "case", "model", "metric", "mode")))


def _search(kind: str) -> None:
    key = f"{kind}s.q"
    wanted = st.query_params.get("q", "")
    if st.session_state.get(key) != wanted:  # not while it is being typed
        st.session_state[key] = wanted
    st.text_input(
        "Search", key=key, type="search", live=True, placeholder=f"Search {kind}s", label_visibility="collapsed",
        icon=":material/search:", max_chars=200, on_change=_store, args=(key, "q"),
    )  # fmt: skip


def _choice(kind: str, field: str, options: dict[str, str]) -> None:
    current = st.query_params.get(field)
    if current and current not in options:
        options[current] = text.shorten(current, 40)
    linked.choice(
        f"{kind}s",
        field,
        field.capitalize(),
        options,
        current,
        placeholder=f"Any {field}",
        label_visibility="collapsed",
    )


def _store(key: str, name: str) -> None:
    value = st.session_state[key]
    filters.navigate({name: value or None})
