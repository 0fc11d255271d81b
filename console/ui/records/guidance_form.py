"""What scores mean, and rated examples, as rows of a form: a line for each score, a card for each example.

What was typed otherwise, or does not fit the scale, is shown as the text that it is.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from console.records import ScoreRange
from console.ui.frame.controls.drafts import Values
from console.ui.records.fields import Form
from console.ui.records.guidance import example_rows, example_text, on_scale, with_anchor

_MOST_LINES = 11
"""Scores of a scale that have a line each."""
_MOST_EXAMPLES = 10
_SCORE_WIDTH = 34
"""Pixels."""


def guidance_form(form: Form, values: Values, scale: ScoreRange | None) -> None:
    """Both fields, `anchors` and `examples`.

    Args:
        scale: None while the form says none.
    """
    _anchors(form, values, scale)
    _examples(form, values, scale)


def _anchors(form: Form, values: Values, scale: ScoreRange | None) -> None:
    meanings = on_scale(values["anchors"], scale, _MOST_LINES) if scale else None
    if meanings is None:
        form.passage("anchors", placeholder="One line a score, such as 5: Every statement is in the source.")
        return
    st.caption("What the scores mean, a sentence each; the judge sees them with the scale")
    with st.container(key="guidance-anchors", gap="xsmall"):
        for score, words in meanings.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(width=_SCORE_WIDTH):
                    st.text(score)
                form.part(
                    "anchors", score, partial(with_anchor, score), label=f"{score} means", value=words,
                    label_visibility="collapsed",
                )  # fmt: skip
        form.problem("anchors")


def _examples(form: Form, values: Values, scale: ScoreRange | None) -> None:
    try:
        rows = example_rows(values["examples"])
    except ValueError:
        form.passage("examples", placeholder='[{"text": "…", "score": 4, "reason": "…"}]')
        return
    st.caption("Rated examples: texts that people have scored, for the judge to go by")
    for place, row in enumerate(rows):
        with st.container(border=True, key=f"guidance-example-{place}"):
            _example(form, rows, place, row, scale)
    with st.container(horizontal=True):
        if len(rows) < _MOST_EXAMPLES:
            added = example_text([*rows, {}])
            form.button("examples", added, "Add an example", icon=":material/add:", at=f"add.{len(rows)}")
    form.problem("examples")


def _example(form: Form, rows: list[dict[str, Any]], place: int, row: dict[str, Any], scale: ScoreRange | None) -> None:
    at = f"{len(rows)}.{place}"

    def changed(name: str, text: str, typed: Any) -> str:
        return example_text([one | {name: typed} if n == place else one for n, one in enumerate(example_rows(text))])

    form.part(
        "examples", f"{at}.text", partial(changed, "text"), label=f"Text of example {place + 1}",
        value=row.get("text") or "", long=True,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        low, high = (float(scale.min), float(scale.max)) if scale else (None, None)
        form.number_part(
            "examples", f"{at}.score", partial(changed, "score"), label="Score", value=row.get("score"),
            low=low, high=high, width=110,
        )  # fmt: skip
        form.part(
            "examples", f"{at}.reason", partial(changed, "reason"), label="Why (may be empty)",
            value=row.get("reason") or "",
        )  # fmt: skip
    form.part(
        "examples", f"{at}.input", partial(changed, "input"), label="The question that it answers (may be empty)",
        value=row.get("input") or "",
    )  # fmt: skip
    rest = example_text([one for n, one in enumerate(rows) if n != place])
    form.button("examples", rest, f"Remove example {place + 1}", icon=":material/close:", at=f"remove.{at}")
