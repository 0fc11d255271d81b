"""How the console looks: palette, result marks, our own static CSS.

Widgets take their colours from `.streamlit/config.toml`; charts and tables need the same ones by name.
Results are blue and orange with a mark of their own, so that no one has to tell red from green.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from console.records import RunStatus, RunSummary, Verdict

FONT = '"Source Sans", "Source Sans 3", "Helvetica Neue", Arial, sans-serif'
MARK = Path(__file__).with_name("mark.svg")
SIDEBAR_WIDTH = 220
"""Pixels."""
_CSS = f"<style>{Path(__file__).with_name('style.css').read_text('utf-8')}</style>"
_SCHEMES = {name: f"<style>:root {{ color-scheme: {name}; }}</style>" for name in ("light", "dark")}
"""Dialogs and menus stand outside of the element that Streamlit gives its scheme to."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme."""

    ink: str
    muted: str
    grid: str
    surface: str
    accent: str
    passed: str
    failed: str
    error: str
    waiting: str
    series: tuple[str, ...]
    """For judges and cases; told apart by colour-blind readers, and never the colours of results alone."""


LIGHT = Palette(
    ink="#1d2433",
    muted="#5c6270",
    grid="#e4e3dd",
    surface="#ffffff",
    accent="#2c4a7c",
    passed="#2a6db3",
    failed="#c8590b",
    error="#6b7180",
    waiting="#b4b6bd",
    series=("#2c4a7c", "#7b5aa6", "#2e8b83", "#a87900", "#a3476f", "#5b8c3a", "#6b7180", "#3f8fc9"),
)
DARK = Palette(
    ink="#e6e7ea",
    muted="#a2a8b4",
    grid="#2a2f38",
    surface="#1b1f26",
    accent="#9db8e6",
    passed="#6aa6e6",
    failed="#f0944d",
    error="#9aa0ad",
    waiting="#5d6470",
    series=("#9db8e6", "#b59be0", "#5cbdb3", "#d9b44a", "#dd86ab", "#9cc675", "#9aa0ad", "#4fb0e8"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, in one word with one mark: verdict and status together."""

    word: str
    mark: str

    @property
    def text(self) -> str:
        """Mark and word, as tables show it."""
        return f"{self.mark} {self.word}"


PASS = Outcome("Pass", "●")
FAIL = Outcome("Fail", "▼")
ERROR = Outcome("Error", "✕")
SCORED = Outcome("Scored", "◆")
RUNNING = Outcome("Running", "◐")
PENDING = Outcome("Waiting", "○")
OUTCOMES = (PASS, FAIL, ERROR, SCORED, RUNNING, PENDING)


def outcome(status: RunStatus, verdict: Verdict) -> Outcome:
    """The outcome of a run. A completed run without a verdict (no threshold then) is `SCORED`."""
    if status is RunStatus.COMPLETED:
        return {Verdict.PASS: PASS, Verdict.FAIL: FAIL}.get(verdict, SCORED)
    return {RunStatus.FAILED: ERROR, RunStatus.RUNNING: RUNNING}.get(status, PENDING)


def outcome_of(row: RunSummary) -> Outcome:
    """The outcome of a row of a run list."""
    return outcome(row.status, row.evaluation_status)


def palette() -> Palette:
    """The colours of the scheme that the browser shows now."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def color_of(result: Outcome) -> str:
    """The colour of an outcome in the scheme that the browser shows now."""
    colors = palette()
    known = {PASS: colors.passed, FAIL: colors.failed, ERROR: colors.error, SCORED: colors.accent}
    return known.get(result, colors.waiting)


def apply() -> None:
    """Put our CSS into the page."""
    st.html(_CSS + _SCHEMES["dark" if st.context.theme.type == "dark" else "light"])
    st.logo(MARK, size="medium")
