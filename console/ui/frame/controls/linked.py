"""Widgets that mirror a parameter of the URL: they show what it holds, and what somebody chooses is written to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from console.ui.frame.controls.filters import navigate

V = TypeVar("V", bound=str)


def segments(
    page: str,
    name: str,
    label: str,
    options: Mapping[V, str],
    shown: V,
    reset: Sequence[str] = (),
    *,
    default: str | None = None,
    **how: Any,
) -> V:
    """A few values side by side, of which one is always chosen.

    Args:
        page: begins the key, which ends with `name`, the parameter of the URL.
        options: value to the words shown.
        reset: other parameters that mean nothing with another value.
        default: the value that the URL need not hold.
        how: more of `st.segmented_control`.
    """
    key = f"{page}.{name}"
    st.session_state[key] = shown
    chosen = st.segmented_control(
        label, list(options), key=key, format_func=options.__getitem__, required=True,
        on_change=_store, args=(key, name, reset, default), **{"label_visibility": "collapsed", **how},
    )  # fmt: skip
    return chosen or shown


def choice(
    page: str, name: str, label: str, options: Mapping[V, str], shown: V | None, reset: Sequence[str] = (), **how: Any
) -> None:
    """A select box of values; it is empty where the URL names none of them. See `segments`."""
    key = f"{page}.{name}"
    st.session_state[key] = shown if shown in options else None
    st.selectbox(
        label, list(options), key=key, format_func=options.__getitem__, on_change=_store, args=(key, name, reset),
        **{"index": None, **how},
    )  # fmt: skip


def number_field(
    page: str, name: str, label: str, shown: float, most: float, reset: Sequence[str] = (), **how: Any
) -> None:
    """A number from 0 to `most`. See `segments`."""
    key = f"{page}.{name}"
    st.session_state[key] = shown
    st.number_input(label, 0.0, most, key=key, on_change=_store, args=(key, name, reset), **how)


def number(name: str, most: float = 1.0) -> float | None:
    """The number from 0 to `most` that the URL holds, or None."""
    try:
        value = float(st.query_params.get(name, ""))
    except ValueError:
        return None
    return value if 0 <= value <= most else None


def opens(name: str, *reset: str) -> Callable[[str], None]:
    """For a table: what is picked becomes a parameter of the URL; others mean nothing with another value."""
    return lambda value: navigate({**dict.fromkeys(reset), name: value})


def close(key: str, *names: str) -> None:
    """The button that puts away what these parameters of the URL have opened."""
    st.button(
        "Close", key=key, icon=":material/close:", type="tertiary", on_click=navigate, args=(dict.fromkeys(names),)
    )


def _store(key: str, name: str, reset: Sequence[str], default: str | None = None) -> None:
    value = st.session_state[key]
    said = f"{value:.12g}" if isinstance(value, float) else str(value or "")
    navigate({**dict.fromkeys(reset), name: None if said in ("", default) else said})
