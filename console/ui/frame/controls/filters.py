"""The filter bar. The URL holds its state, so that a view can be shared; the widgets only mirror it.

On every rerun the widgets are set from the URL before they are drawn; a change is written to the URL in the
widget's callback. What the URL holds is a proposal: unknown words are ignored, ids are only ever compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

import streamlit as st

from console.records import Case, Judge, Metric, Model, RunFilter, RunStatus, Verdict
from console.ui.frame import text

E = TypeVar("E", bound=StrEnum)

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "all": "All", "custom": "Custom"}
FIELDS = ("case", "judge", "model", "metric", "status", "result")
TAG = "tag"
"""Of the run list alone: totals of days do not know it."""
SCORES = ("score_from", "score_below")
MOST_CHOSEN = 200
"""Runs that the URL names one by one."""
_STATUS_WORDS = {
    RunStatus.COMPLETED: "Completed",
    RunStatus.FAILED: "Error",
    RunStatus.RUNNING: "Running",
    RunStatus.PENDING: "Waiting",
}
_RESULT_WORDS = {Verdict.PASS: "Pass", Verdict.FAIL: "Fail", Verdict.PENDING: "No result"}


@dataclass(frozen=True, slots=True)
class Selection:
    """What the URL asks for."""

    period: str
    """A key of `PERIODS`."""
    wanted: RunFilter

    @property
    def filtered(self) -> bool:
        """Whether anything but the range of days is limited."""
        wanted = self.wanted
        fields = (wanted.case_id, wanted.judge_id, wanted.model, wanted.metric, wanted.status, wanted.verdict)
        scores = (wanted.score_from, wanted.score_below)
        rest = (wanted.batch_id, wanted.tag, wanted.only)
        return wanted.uncertain or any(value is not None for value in (*fields, *scores, *rest))

    @property
    def counted(self) -> bool:
        """Whether the totals of days know how many runs these are."""
        wanted = self.wanted
        rest = (wanted.score_from, wanted.score_below, wanted.batch_id, wanted.tag, wanted.only, wanted.labelled)
        return not wanted.uncertain and all(value is None for value in rest)


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: value to the words shown, per field of `FIELDS`."""

    options: Mapping[str, Mapping[str, str]]


def choices(
    cases: Sequence[Case],
    judges: Sequence[Judge],
    metrics: Sequence[Metric],
    models: Sequence[Model],
    tags: Sequence[str] = (),
) -> Choices:
    """The choices of every field, by name; of tags only where there are any."""
    return Choices(
        ({TAG: {tag: tag for tag in tags}} if tags else {})
        | {
            "case": distinct({case.case_id: case.name for case in cases}),
            "judge": distinct({judge.judge_id: text.judge_label(judge) for judge in judges}),
            "model": distinct({model.name: model.name for model in models}),
            "metric": distinct({metric.name: metric.name for metric in metrics}),
            "status": {status.value: word for status, word in _STATUS_WORDS.items()},
            "result": {verdict.value: word for verdict, word in _RESULT_WORDS.items()},
        }
    )


def read(default_period: str, today: date) -> Selection:
    """What the URL asks for. A range of days ends today unless it is a custom one."""
    period = _param("period") or default_period
    if period not in PERIODS:
        period = default_period
    first, last = _days(period, today)
    wanted = RunFilter(
        case_id=_param("case"),
        judge_id=_param("judge"),
        model=_param("model"),
        metric=_param("metric"),
        status=_word(RunStatus, _param("status")),
        verdict=_word(Verdict, _param("result")),
        uncertain=_param("show") == "uncertain",
        score_from=_bound(_param("score_from")),
        score_below=_bound(_param("score_below")),
        first_day=first,
        last_day=last,
        batch_id=_param("batch"),
        tag=_param(TAG),
        only=_ids(_param("only")),
    )
    return Selection(period, wanted)


def period_control(page: str, selection: Selection, today: date) -> None:
    """The range of days: presets, and two dates for a custom one."""
    key = f"{page}.period"
    st.session_state[key] = selection.period
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{page}-period", width="content"):
        if selection.period == "custom":
            days = f"{page}.days"
            wanted = selection.wanted
            st.session_state[days] = (wanted.first_day or today, wanted.last_day or today)
            st.date_input(
                "Days", key=days, max_value=today, format="YYYY-MM-DD", label_visibility="collapsed",
                on_change=_store_days, args=(days,), width=220,
            )  # fmt: skip
        st.segmented_control(
            "Range of days", list(PERIODS), key=key, format_func=PERIODS.__getitem__, required=True,
            label_visibility="collapsed", on_change=_store_period, args=(key,),
        )  # fmt: skip


def filter_bar(page: str, known: Choices) -> None:
    """One row of select boxes; an empty one does not limit anything."""
    fields = [*FIELDS, *([TAG] if TAG in known.options else [])]
    with st.container(horizontal=True, gap="xsmall", key=f"{page}-filters"):
        for field in fields:
            options = dict(known.options[field])
            current = _param(field)
            if current and current not in options and field not in ("status", "result"):
                options[current] = text.shorten(current, 40)
            key = f"{page}.{field}"
            st.session_state[key] = current if current in options else None
            st.selectbox(
                field.capitalize(), list(options), key=key, format_func=options.__getitem__, index=None,
                placeholder=f"Any {field}", label_visibility="collapsed", on_change=_store, args=(key, field),
            )  # fmt: skip


def score_bounds(page: str, selection: Selection) -> None:
    """The runs, the bounds of the score, and the batch, that came with a link, and the way to be rid of them."""
    wanted = selection.wanted
    chosen = f"{text.plural(len(wanted.only), 'chosen run')}" if wanted.only is not None else None
    scores = wanted.score_from is not None or wanted.score_below is not None
    for name, words, why, params in (
        ("only", chosen, "Show all runs of the filter", ("only",)),
        ("tagged", wanted.tag and f"Tag {text.plain(wanted.tag, 40)}", "Show runs whatever their tags", (TAG,)),
        ("batch", wanted.batch_id and "One batch", "Show the runs of all batches", ("batch",)),
        ("scores", _score_words(wanted) if scores else None, "Show all scores", SCORES),
    ):
        if words is not None:
            st.button(
                words, key=f"{page}.{name}", icon=":material/close:", type="tertiary", help=why, on_click=navigate,
                args=(dict.fromkeys((*params, "run")),),
            )  # fmt: skip


def navigate(params: Mapping[str, str | None]) -> None:
    """Change the URL: None takes a parameter out."""
    for name, value in params.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value


def clear() -> None:
    """Take every filter out of the URL; the range of days stays."""
    navigate(dict.fromkeys((*FIELDS, *SCORES, TAG, "batch", "only", "show", "run", "q", "view")))


def show_all_days() -> None:
    """Widen the range to all days."""
    navigate({"period": "all", "from": None, "to": None})


def _param(name: str) -> str | None:
    return st.query_params.get(name) or None


def _word(kind: type[E], value: str | None) -> E | None:
    return kind(value) if value in {member.value for member in kind} else None


def _days(period: str, today: date) -> tuple[date | None, date | None]:
    if period == "all":
        return None, None
    if period == "custom":
        first, last = _date(_param("from")) or today - timedelta(days=29), _date(_param("to")) or today
        return min(first, last), max(first, last)
    return today - timedelta(days=int(period) - 1), today


def _date(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None


def _ids(value: str | None) -> tuple[str, ...] | None:
    ids = {one.strip() for one in (value or "").split(",")} - {""}
    return tuple(sorted(ids)[:MOST_CHOSEN]) or None


def _bound(value: str | None) -> float | None:
    """A bound of the normalised score, as forgiving as the histograms of rollups, so that both count the same runs."""
    try:
        bound = float(value) if value else None
    except ValueError:
        return None
    return bound - 1e-9 if bound is not None and 0 <= bound <= 1 else None


def _score_words(wanted: RunFilter) -> str:
    """The bounds of the score, such as `Score from 0.50, below 0.62`."""
    parts = []
    if wanted.score_from is not None:
        parts.append(f"from {wanted.score_from:.2f}")
    if wanted.score_below is not None:
        parts.append(f"below {wanted.score_below:.2f}")
    return f"Score {', '.join(parts)}"


def _store(key: str, name: str) -> None:
    navigate({name: st.session_state[key], "run": None})


def _store_period(key: str) -> None:
    navigate({"period": st.session_state[key], "from": None, "to": None})


def _store_days(key: str) -> None:
    chosen = st.session_state[key]
    if isinstance(chosen, tuple) and len(chosen) == 2:
        navigate({"from": chosen[0].isoformat(), "to": chosen[1].isoformat()})


def distinct(names: Mapping[str, str]) -> dict[str, str]:
    """The names in order; equal ones are told apart by their id, because a select box goes by what it shows."""
    counts: dict[str, int] = {}
    for name in names.values():
        counts[name] = counts.get(name, 0) + 1
    shown = {value: name if counts[name] == 1 else f"{name} · {value[:8]}" for value, name in names.items()}
    return dict(sorted(shown.items(), key=lambda item: item[1].casefold()))
