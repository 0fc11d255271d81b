"""Widgets of a form that keep what is typed in a draft, and JSON as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from console.records import Case, Json, Judge
from console.tabular.objects import typed_object
from console.ui.frame import text
from console.ui.frame.controls.drafts import Draft
from console.ui.frame.facts import fact_list
from console.ui.runs.parts import block

Change = Callable[[Any, Any], Any]
"""The value of a field, and what was typed in a part of it, to the field's new value."""
_LONG = 1_500
"""Characters of a text that stand on the page as they are."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form edits."""

    name: str
    label: str
    """Our own word for it."""
    said: Callable[[Any], str] = str
    """Its value as text, for comparing."""


class Form:
    """Draws the widgets of one draft. Each keeps its value in the draft as soon as the browser sends it.

    A widget has the draft's value as its default and is never set: text that is being typed is not replaced by what
    was there before, and a browser that forgot its widgets begins again from the draft.
    """

    def __init__(self, page: str, draft: Draft, labels: Mapping[str, str]) -> None:
        """`page` begins the keys; `labels` are our own words for the fields."""
        self._page = page
        self._draft = draft
        self._labels = labels

    def line(self, name: str, **options: Any) -> None:
        """A line of text."""
        st.text_input(self._labels[name], **self._bound(name), **options)
        self._problem(name)

    def passage(self, name: str, **options: Any) -> None:
        """A text of several lines; it grows with what is in it."""
        st.text_area(self._labels[name], **self._bound(name), height="content", **options)
        self._problem(name)

    def number(self, name: str, *, optional: bool = False, **options: Any) -> None:
        """A number; its limits give way to a value outside of them that is there already.

        Args:
            optional: the field may be emptied, which a widget with a default does not allow: it is set, once.
        """
        bound = self._bound(name)
        value = bound["value"]
        if value is not None:
            for limit, widest in (("min_value", min), ("max_value", max)):
                options[limit] = widest(options[limit], value)
        if optional:
            st.session_state.setdefault(bound["key"], value)
            bound["value"] = None
        st.number_input(self._labels[name], **bound, **options)
        self._problem(name)

    def switch(self, name: str, **options: Any) -> None:
        """Yes or no."""
        st.toggle(self._labels[name], **self._bound(name), **options)
        self._problem(name)

    def choice(self, name: str, options: Mapping[str, str], **more: Any) -> None:
        """One of several: value to the words shown."""
        bound = self._bound(name)
        values = list(options)
        chosen = bound.pop("value")
        st.selectbox(
            self._labels[name], values, index=values.index(chosen) if chosen in options else None,
            format_func=lambda value: options.get(value, value), **bound, **more,
        )  # fmt: skip
        self._problem(name)

    def json(self, name: str, **options: Any) -> None:
        """A JSON object as text, checked while it is edited."""
        with st.container(key=f"json-{name}"):
            st.text_area(self._labels[name], **self._bound(name), height="content", **options)
        wrong = problem_of_json(self._draft.values[name])
        if wrong and name not in self._draft.problems:
            _say(wrong)
        self._problem(name)

    def part(
        self, name: str, at: str, change: Change, *, label: str, value: str, long: bool = False, **options: Any
    ) -> None:
        """A line, or a text of several, that is a part of a field.

        Args:
            at: ends the key, and is another one for another part.
            change: the field's value with what was typed in this part.
        """
        bound = self._part(name, at, change, value)
        if long:
            st.text_area(label, **bound, height="content", **options)
        else:
            st.text_input(label, **bound, **options)

    def number_part(
        self, name: str, at: str, change: Change, *, label: str, value: object, low: float | None, high: float | None,
        **options: Any,
    ) -> None:  # fmt: skip
        """A number that is a part of a field; see `part`. One that is not between the limits is shown, too."""
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        options |= {"min_value": low, "max_value": high, "step": 1.0, "format": "%g"}
        if number is not None and low is not None and high is not None:
            options |= {"min_value": min(low, number), "max_value": max(high, number)}
        st.number_input(label, **self._part(name, at, change, number), **options)

    def button(self, name: str, value: Any, label: str, *, at: str, **options: Any) -> None:
        """A click sets a field to a value."""
        key = f"{self._page}.form.{self._draft.number}.{name}.{at}"
        st.button(label, key=key, on_click=_set, args=(self._draft, name, value), type="tertiary", **options)

    def problem(self, name: str) -> None:
        """What is wrong with a field that is drawn in parts."""
        self._problem(name)

    def _part(self, name: str, at: str, change: Change, value: Any) -> dict[str, Any]:
        key = f"{self._page}.form.{self._draft.number}.{name}.{at}"
        return {"key": key, "value": value, "on_change": _keep_part, "args": (self._draft, name, key, change)}

    def _bound(self, name: str) -> dict[str, Any]:
        key = f"{self._page}.form.{self._draft.number}.{name}"
        return {
            "key": key,
            "value": self._draft.values[name],
            "on_change": _keep,
            "args": (self._draft, name, key),
        }

    def _problem(self, name: str) -> None:
        if name in self._draft.problems:
            _say(self._draft.problems[name])


def _keep(draft: Draft, name: str, key: str) -> None:
    draft.values[name] = st.session_state[key]
    draft.problems.pop(name, None)
    draft.problems.pop("", None)


def _keep_part(draft: Draft, name: str, key: str, change: Change) -> None:
    _set(draft, name, change(draft.values[name], st.session_state[key]))


def _set(draft: Draft, name: str, value: Any) -> None:
    draft.values[name] = value
    draft.problems.pop(name, None)
    draft.problems.pop("", None)


def _say(problem: str) -> None:
    st.markdown(f":material/error: :orange[{text.plain(problem)}]")


def passage(label: str, body: str) -> None:
    """A text to read, character by character, under our own word for it; a long one scrolls in its own box."""
    st.caption(label)
    if len(body) > _LONG:
        block(body, f"passage-{label.lower().replace(' ', '-')}")
    else:
        st.text(body or text.NOTHING)


def record_facts(record: Case | Judge, record_id: str) -> None:
    """Who made and saved a record, and when."""
    facts = {
        "Id": record_id,
        "Created": f"{text.moment(record.created_on)} by {record.created_by}",
        "Last saved": f"{text.moment(record.last_updated_on)} by {record.last_updated_by}",
        "Revision": f"{record.revision}",
    }
    fact_list(facts, "Record")


def labels_of(fields: Sequence[Field]) -> dict[str, str]:
    """Our words for the fields, by name."""
    return {field.name: field.label for field in fields}


def yes_no(value: object) -> str:
    """A switch as a word."""
    return "yes" if value else "no"


def number_text(value: float | None) -> str:
    """A number as short as it can be; nothing for a field that is left to its default."""
    return "" if value is None else f"{value:.10g}"


# --- JSON as people type it --------------------------------------------------------------------------


def json_text(value: Json) -> str:
    """A JSON object as the editor shows it; nothing for an empty one."""
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


def problem_of_json(typed: str) -> str | None:
    """Why what was typed is not a JSON object, or None."""
    try:
        typed_object(typed)
    except ValueError as error:
        return str(error)
    return None
