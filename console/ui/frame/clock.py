"""The time zone of whoever looks: times are stored and exported in UTC, shown in the zone that the browser names."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

import streamlit as st

Form = Literal["D MMM YYYY", "D MMM YYYY, HH:mm", "D MMM, HH:mm"]


class Moment(str):
    """A time in words, in the viewer's zone, with the same in UTC for who points at it."""

    __slots__ = ("utc",)

    utc: str

    def __new__(cls, local: str, utc: str) -> Moment:
        """Words, and the words that a pointer gets."""
        made = super().__new__(cls, local)
        made.utc = utc
        return made


def zone() -> tzinfo:
    """The browser's zone; UTC where it names none, or one that this machine does not know."""
    name = st.context.timezone
    try:
        return ZoneInfo(name) if name else UTC
    except (LookupError, ValueError, OSError):  # what a browser sends may be anything
        return UTC


def local(value: datetime) -> datetime:
    """The same moment on the viewer's clock."""
    return value.astimezone(zone())


def time_column(title: str, form: Form, width: int) -> Any:
    """A column of moments: in the viewer's zone, which its heading names to who points at it."""
    name = str(zone())
    if name == "UTC":
        return st.column_config.DatetimeColumn(f"{title} (UTC)", format=form, timezone=name, width=width)
    said = f"Times of {name}; exports have UTC."
    return st.column_config.DatetimeColumn(title, format=form, timezone=name, width=width, help=said)
