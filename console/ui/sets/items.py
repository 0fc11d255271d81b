"""Items of a test set: a page of them, one of them whole, and the form that adds or changes one."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from console.actions.sets import sets
from console.actions.sets.files import content_key
from console.errors import InvalidInput, NotFound
from console.records import SetItem, TestSet, User
from console.services import Services
from console.tabular.objects import typed_object
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.controls.pager import cursor_of, pager
from console.ui.frame.controls.picker import pick_row
from console.ui.sign_in import saving

KEY = "sets.item"
NEW = "new"
"""What `?new=` says for the form of a new item."""
PAGE_ROWS = 50
_CURSORS = "sets.cursors"
_SHOWN = 160


def as_row(item: SetItem) -> dict[str, Any]:
    """An item as a row of a table."""
    return {
        "Key": item.key,
        "Question": item.input,
        "Context": item.context,
        "Reference": item.expected_output,
        "Text": item.text,
        "Score": item.score,
        "Passed": item.passed,
        "Tags": ", ".join(item.tags) or None,
        "Metadata": ", ".join(f"{name}: {value}" for name, value in item.metadata.items()) or None,
    }


def item_list(shared: Services, test_set: TestSet, version: int, *, may_edit: bool) -> None:
    """A page of the items of a version, and the one that is open."""
    note = "" if version == test_set.version else f"As they were in version {version}. "
    with card("Items", f"{note}A click on a row opens the item", "set-items"):
        with st.container(horizontal=True, vertical_alignment="bottom", key="set-items-head"):
            key = st.text_input(
                "Find a key", key=f"{KEY}.find", placeholder="Key of an item", label_visibility="collapsed", width=260
            )
            if may_edit:
                st.button("New item", key=f"{KEY}.new", icon=":material/add:", on_click=_open, args=(None, True))
        if key.strip():
            _found(shared, test_set, version, key.strip())
        else:
            _page(shared, test_set, version)
        _opened(shared, test_set, version, may_edit=may_edit)


def _found(shared: Services, test_set: TestSet, version: int, key: str) -> None:
    try:
        _table([shared.sets.item(test_set.set_id, key, version)])
    except NotFound:
        st.caption(f"No item has the key {text.plain(key, 60)}. Keys are matched whole.")


def _page(shared: Services, test_set: TestSet, version: int) -> None:
    of = f"{_CURSORS}.{test_set.set_id}.{version}.{test_set.revision}"
    page = shared.sets.items(test_set.set_id, version, limit=PAGE_ROWS, cursor=cursor_of(of))
    if not page.items:
        st.caption("There are no items. Import a file, add runs from the run list, or add one by hand.")
        return
    _table(page.items)
    pager(KEY, of, page.cursor, back="Previous", on="Next")


def _table(found: list[SetItem]) -> None:
    rows = [
        {name: text.shorten(value, _SHOWN) if isinstance(value, str) else value for name, value in as_row(one).items()}
        for one in found
    ]
    frame = pd.DataFrame(rows)
    config = st.column_config
    columns = {
        "Key": config.TextColumn(width=130),
        "Question": config.TextColumn(width=300),
        "Context": config.TextColumn(width=200),
        "Reference": config.TextColumn(width=260),
        "Text": config.TextColumn(width=260, help="An output of the item's own"),
        "Score": config.NumberColumn(width=64, help="What people gave the text"),
        "Passed": config.CheckboxColumn(width=64, help="What people said of the text"),
        "Tags": config.TextColumn(width=120),
        "Metadata": config.TextColumn(width=180),
    }
    order = [name for name in columns if name == "Key" or frame[name].notna().any()]
    pick_row("set-items", frame, [one.key for one in found], columns, _asked(), _open, alt="Items", order=order)


def _asked() -> str | None:
    return st.query_params.get("item")


def _open(key: str | None, new: bool = False) -> None:
    filters.navigate({"item": key, "new": NEW if new else None})


def _opened(shared: Services, test_set: TestSet, version: int, *, may_edit: bool) -> None:
    """The item that the address asks for, or the form of a new one."""
    key = _asked()
    if key:
        try:
            item = shared.sets.item(test_set.set_id, key, version)
        except NotFound as error:
            st.caption(text.plain(error))
            return
        _form(shared, test_set, item) if may_edit else _whole(item)
    elif may_edit and st.query_params.get("new") == NEW:
        _form(shared, test_set, None)


def _whole(item: SetItem) -> None:
    for name, value in as_row(item).items():
        if value is not None:
            st.caption(name)
            st.text(str(value))


def _form(shared: Services, test_set: TestSet, item: SetItem | None) -> None:
    """The fields of an item. What is typed is kept until it is saved, also on other pages."""
    own = f"{KEY}.{test_set.set_id}.{test_set.version}.{item.digest if item else NEW}"
    known = item or SetItem(key="")
    with st.container(border=True, key="set-item-form", gap="small"):
        st.subheader(text.plain(item.key, 80) if item else "New item", anchor=False)
        keys = {name: f"{own}.{name}" for name in ("key", "input", "context", "reference", "text", "tags", "metadata")}
        if item is None:
            st.text_input(
                "Key (optional)", key=keys["key"], max_chars=200, persist_state="session",
                placeholder="Made of the question when it is empty",
            )  # fmt: skip
        areas = (
            ("input", "Question", known.input),
            ("context", "Context", known.context),
            ("reference", "Reference", known.expected_output),
            ("text", "Text of its own", known.text),
        )
        with st.grid(columns=2, min_column_width=320, gap=14, key="set-item-texts"):
            for name, title, value in areas:
                st.session_state.setdefault(keys[name], value or "")
                st.text_area(f"{title} (optional)", key=keys[name], height=140, persist_state="session")
        with st.grid(columns=2, min_column_width=320, gap=14, key="set-item-more"):
            st.session_state.setdefault(keys["tags"], "; ".join(known.tags))
            st.text_input("Tags (optional)", key=keys["tags"], persist_state="session")
            shown = json.dumps(known.metadata, ensure_ascii=False) if known.metadata else ""
            st.session_state.setdefault(keys["metadata"], shown)
            st.text_input(
                "Metadata (optional)", key=keys["metadata"], placeholder='{"topic": "billing"}', persist_state="session"
            )
        saving.problem(KEY)
        with st.container(horizontal=True, key="set-item-actions"):
            st.button(
                "Save item", key=f"{own}.save", type="primary", on_click=_save, args=(shared, test_set, item, keys)
            )
            st.button("Close", key=f"{own}.close", on_click=_open, args=(None,))
            if item is not None:
                st.button(
                    "Remove item", key=f"{own}.remove", icon=":material/delete:", on_click=_remove,
                    args=(shared, test_set, item),
                )  # fmt: skip


def _save(shared: Services, test_set: TestSet, item: SetItem | None, keys: dict[str, str]) -> None:
    typed = {name: str(st.session_state.get(key) or "").strip() for name, key in keys.items()}

    def act(user: User) -> None:
        sets.change_items(shared, user, test_set, [_typed(typed, item)])

    reset = {key: "" for name, key in keys.items()} if item is None else None
    if saving.save(shared, KEY, act, "The item is saved.", reset):
        _open(None)


def _typed(typed: dict[str, str], item: SetItem | None) -> SetItem:
    """The item of the form. Raises InvalidInput."""
    parts = {
        "question": typed["input"] or None,
        "context": typed["context"] or None,
        "reference": typed["reference"] or None,
        "text": typed["text"] or None,
    }
    if not any(parts.values()):
        raise InvalidInput("Give the item a question, a context, a reference or a text.", field="input")
    try:
        metadata = typed_object(typed["metadata"])
    except ValueError as error:
        raise InvalidInput(f"Metadata: {error}", field="metadata") from error
    return SetItem(
        key=item.key if item else typed["key"] or content_key(**parts),
        input=parts["question"],
        context=parts["context"],
        expected_output=parts["reference"],
        text=parts["text"],
        score=item.score if item else None,
        passed=item.passed if item else None,
        tags=[tag.strip() for tag in typed["tags"].replace(";", ",").split(",") if tag.strip()],
        metadata=metadata,
    )


def _remove(shared: Services, test_set: TestSet, item: SetItem) -> None:
    def act(user: User) -> None:
        sets.change_items(shared, user, test_set, removed=[item.key])

    if saving.save(shared, KEY, act, "The item is removed; versions that experiments used keep it."):
        _open(None)
