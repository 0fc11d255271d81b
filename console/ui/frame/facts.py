"""Names and values line by line: long values wrap, can be selected and read aloud, which cells of a grid cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from console.ui.frame.clock import Moment
from console.ui.frame.text import html


def fact_list(rows: Mapping[str, str], title: str, now: Mapping[str, str] | None = None) -> None:
    """One line for each name.

    Args:
        rows: our own words for the names, any text as values.
        title: what the facts are about, for who hears the page.
        now: values that are others by now, by name; a second column, where there are any.
    """
    st.html(markup(rows, title, now or {}))


def table(names: Sequence[str], rows: Iterable[Sequence[str]], title: str, numbers: int) -> None:
    """Rows that nobody sorts or picks: as HTML, which a page shows at once, where a grid is a program of its own.

    Args:
        names: our own words for the columns.
        numbers: columns at the end that hold numbers.
    """
    ends = ['class="number"' if place >= len(names) - numbers else "" for place in range(len(names))]
    head = "".join(f'<th scope="col" {end}>{html(name)}</th>' for name, end in zip(names, ends, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td {end}>{_value(cell)}</td>' for cell, end in zip(row, ends, strict=True))}</tr>"
        for row in rows
    )
    st.html(
        f'<div class="geval-rows" tabindex="0"><table class="geval-facts plain" aria-label="{html(title)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def markup(rows: Mapping[str, str], title: str, now: Mapping[str, str]) -> str:
    """The HTML of the list."""
    parts = [f'<table class="geval-facts" aria-label="{html(title)}">']
    if now:
        parts.append('<thead><tr><td></td><th scope="col">Then</th><th scope="col">Now</th></tr></thead>')
    parts.append("<tbody>")
    for name, value in rows.items():
        present = f'<td class="now">{_value(now.get(name, ""))}</td>' if now else ""
        parts.append(f'<tr><th scope="row">{html(name)}</th><td>{_value(value)}</td>{present}</tr>')
    return "".join([*parts, "</tbody></table>"])


def _value(words: str) -> str:
    hover = f' title="{html(words.utc)}"' if isinstance(words, Moment) and words.utc != words else ""
    return f"<bdi{hover}>{html(words)}</bdi>"
