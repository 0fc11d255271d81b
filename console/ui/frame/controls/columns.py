"""Columns of a table: what each shows of a record and how it is drawn, said in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from console.ui.frame.clock import Form, time_column
from console.ui.frame.controls.picker import pick_row
from console.ui.frame.text import NOTHING

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column."""

    name: str
    value: Callable[[T], Any]
    """What it shows of a record; None shows that there is nothing."""
    drawn: Any
    """A `st.column_config` column."""
    spare: bool = False
    """Whether it is left out where no record has a value for it."""

    def of(self, part: Callable[[S], T]) -> Column[S]:
        """The same column for records that such a record is a part of."""
        return Column(self.name, lambda whole: self.value(part(whole)), self.drawn, self.spare)


def text_column(
    name: str,
    value: Callable[[T], str | None],
    width: int | Literal["large"] | None = None,
    note: str | None = None,
    *,
    right: bool = False,
    spare: bool = False,
) -> Column[T]:
    """Text, never markdown."""
    drawn = st.column_config.TextColumn(width=width, help=note, alignment="right" if right else None)
    return Column(name, value, drawn, spare)


def number_column(
    name: str,
    value: Callable[[T], float | None],
    width: int | None = None,
    form: str | None = None,
    note: str | None = None,
    *,
    title: str | None = None,
    spare: bool = False,
) -> Column[T]:
    """A number by a format such as `%.3f`.

    Args:
        title: what stands above it instead of the name.
    """
    return Column(name, value, st.column_config.NumberColumn(title, format=form, width=width, help=note), spare)


def percent_column(name: str, value: Callable[[T], float | None], width: int, note: str | None = None) -> Column[T]:
    """A share from 0 to 1 in hundredths."""
    drawn = st.column_config.NumberColumn(format="%.1f %%", width=width, help=note)
    return Column(name, lambda one: None if (share := value(one)) is None else share * 100, drawn)


def moment_column(
    name: str, value: Callable[[T], datetime | None], width: int = 140, form: Form = "D MMM YYYY, HH:mm"
) -> Column[T]:
    """A time, in the viewer's zone."""
    return Column(name, value, time_column(name, form, width))


def frame_of(records: Sequence[T], columns: Sequence[Column[T]]) -> pd.DataFrame:
    """The cells of all columns."""
    names = [one.name for one in columns]
    return pd.DataFrame([{one.name: one.value(record) for one in columns} for record in records], columns=names)


def pick_record(
    page: str,
    records: Sequence[T],
    columns: Sequence[Column[T]],
    key: Callable[[T], str],
    on_pick: Callable[[str], None],
    *,
    alt: str,
    picked: str | None = None,
    shown: Sequence[str] | None = None,
    style: Callable[[pd.DataFrame], Styler] | None = None,
    ticked: Sequence[str] = (),
    on_tick: Callable[[list[str]], None] | None = None,
) -> None:
    """Draw the records as a table; `on_pick` gets the key of the one that was clicked.

    Args:
        picked: the key that is open now.
        shown: names of the columns to show; None shows all, but spare ones without a value.
        style: colours the cells.
        ticked, on_tick: see `pick_row`.
    """
    frame = frame_of(records, columns)
    order = shown if shown is not None else _with_values(frame, columns)
    drawn = {one.name: one.drawn for one in columns}
    ids = [key(one) for one in records]
    pick_row(
        page, style(frame) if style else frame, ids, drawn, picked, on_pick, alt=alt, order=order, ticked=ticked,
        on_tick=on_tick,
    )  # fmt: skip


def show_records(records: Sequence[T], columns: Sequence[Column[T]], *, alt: str, **how: Any) -> None:
    """Draw the records as a table in which nothing can be picked.

    Args:
        how: more of `st.dataframe`, such as the height.
    """
    drawn = {one.name: one.drawn for one in columns}
    st.dataframe(
        frame_of(records, columns), column_config=drawn, hide_index=True, alt=alt, **{"placeholder": NOTHING, **how}
    )


def _with_values(frame: pd.DataFrame, columns: Sequence[Column[Any]]) -> list[str]:
    return [one.name for one in columns if not one.spare or frame[one.name].replace("", None).notna().any()]
