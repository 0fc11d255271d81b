"""The theme of the widgets and the palette of the charts are one, and the server is closed by default."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from console.records import RunStatus, Verdict
from console.ui.frame import style

CONFIG = tomllib.loads((Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml").read_text("utf-8"))


@pytest.mark.parametrize(("scheme", "palette"), [("light", style.LIGHT), ("dark", style.DARK)])
def test_the_theme_and_the_palette_have_the_same_colours(scheme: str, palette: style.Palette) -> None:
    theme = CONFIG["theme"][scheme]
    assert theme["primaryColor"] == palette.accent
    assert theme["textColor"] == palette.ink
    assert theme["backgroundColor"] == palette.surface
    assert theme["greenColor"] == palette.passed
    assert theme["redColor"] == palette.failed
    assert theme["grayColor"] == palette.error


@pytest.mark.parametrize("palette", [style.LIGHT, style.DARK])
@pytest.mark.parametrize("name", ["passed", "failed", "error", "accent"])
def test_marks_stand_out_from_their_surface(palette: style.Palette, name: str) -> None:
    assert contrast(getattr(palette, name), palette.surface) >= 3.0


@pytest.mark.parametrize("palette", [style.LIGHT, style.DARK])
@pytest.mark.parametrize("name", ["ink", "muted"])
def test_words_can_be_read_on_their_surface(palette: style.Palette, name: str) -> None:
    assert contrast(getattr(palette, name), palette.surface) >= 4.5


def test_every_outcome_has_a_mark_of_its_own() -> None:
    assert len({outcome.mark for outcome in style.OUTCOMES}) == len(style.OUTCOMES)


@pytest.mark.parametrize(
    ("status", "verdict", "word"),
    [
        (RunStatus.COMPLETED, Verdict.PASS, "Pass"),
        (RunStatus.COMPLETED, Verdict.FAIL, "Fail"),
        (RunStatus.COMPLETED, Verdict.PENDING, "Scored"),
        (RunStatus.FAILED, Verdict.PENDING, "Error"),
        (RunStatus.RUNNING, Verdict.PENDING, "Running"),
        (RunStatus.PENDING, Verdict.PENDING, "Waiting"),
    ],
)
def test_an_outcome_is_one_word(status: RunStatus, verdict: Verdict, word: str) -> None:
    assert style.outcome(status, verdict).word == word


def test_nothing_is_told_to_others() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["showErrorLinks"] is False
    assert CONFIG["client"]["disableDataExport"] is True


def test_other_origins_are_kept_out() -> None:
    assert CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["enableXsrfProtection"] is True


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two colours."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
