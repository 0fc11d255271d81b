"""Which case and which judge a page is about. The URL holds both; the widgets only mirror it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from console.actions.labels.agreement import Side
from console.records import Case, Judge
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls import filters, linked


def case_control(page: str, cases: Sequence[Case], asked: str, reset: Sequence[str] = (), width: int = 340) -> None:
    """Which case.

    Args:
        asked: the id of the case that is shown.
        reset: parameters of the URL that mean nothing for another case.
    """
    options = dict(filters.choices(cases, [], [], []).options["case"])
    options.setdefault(asked, text.shorten(asked, 40))
    linked.choice(page, "case", "Case", options, asked, reset, label_visibility="collapsed", width=width, index=0)


def judge_control(
    page: str, judges: Sequence[Judge], asked: str | None, reset: Sequence[str] = (), width: int = 240
) -> None:
    """Which judge of the case; none is all of them."""
    names = {judge.judge_id: text.judge_name(judge.name, judge.judge_id) for judge in judges}
    any_judge(page, filters.distinct(names), asked, reset, label_visibility="collapsed", width=width)


def any_judge(page: str, names: Mapping[str, str], asked: str | None, reset: Sequence[str], **how: Any) -> None:
    """One of the judges (or of their versions) by their names; none is all of them."""
    options = {asked: text.shorten(asked, 40), **names} if asked and asked not in names else names
    linked.choice(page, "judge", "Judge", options, asked, reset, placeholder="All judges", **how)


def side_names(services: Services, sides: Sequence[Side]) -> dict[str, str]:
    """Judges and their versions as they are shown, by what the URL holds for them. Cached reads."""
    names = {one.judge_id: one.name for one in services.judges.list()}
    shown = {}
    for side in sides:
        name = text.judge_name(names.get(side.judge_id), side.judge_id)
        shown[side_param(side)] = f"{name}  v{side.version}" if side.version else name
    return filters.distinct(shown)


def side_param(side: Side) -> str:
    """A side as the URL holds it: the judge's id, with its version after an `@`."""
    return f"{side.judge_id}@{side.version}" if side.version else side.judge_id


def side_control(page: str, name: str, label: str, options: Mapping[str, str], asked: str) -> None:
    """Which judge or version stands on one side of a comparison.

    Args:
        name: the parameter of the URL.
        label: `Baseline` or the like.
    """
    shown = {**options}
    shown.setdefault(asked, text.shorten(asked, 40))
    linked.choice(page, name, label, shown, asked, ("cell", "only"), width=260, index=0)


def asked_sides(sides: Sequence[Side], defaults: tuple[Side, Side]) -> tuple[Side, Side]:
    """The baseline and the candidate that the URL names; what it does not name, or what is not there, is a default."""
    known = {side_param(side): side for side in sides}
    baseline = known.get(st.query_params.get("baseline", ""), defaults[0])
    others = [side for side in (defaults[1], defaults[0]) if side.judge_id != baseline.judge_id or side.version]
    fallback = next((side for side in others if side != baseline), defaults[1])
    return baseline, known.get(st.query_params.get("candidate", ""), fallback)
