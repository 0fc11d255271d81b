"""Ways from a mark of a chart, a tile or a key to the page behind it.

A callback may not leave its page, so it leaves word of where to go; the next script run goes there first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from console.ui.frame.controls.filters import MOST_CHOSEN

LEAD = "lead"
Params = dict[str, str]
_SMALLEST, _LARGEST = ("from", "score_from"), ("to", "score_below")
_KEPT = ("period", "from", "to", "case", "judge", "model", "metric", "status", "result", "score_from", "score_below")
"""Parameters of the URL that the run list understands too."""


def leave_for(page: str, params: Mapping[str, str]) -> None:
    """Go to a page, by its file's name, as soon as the script runs again. For callbacks."""
    st.session_state[LEAD] = (page, dict(params))


def opens(page: str, name: str) -> Callable[[str], None]:
    """For a table: what is picked is opened on a page of its own, whose URL has it as `name`."""
    return lambda value: leave_for(page, {name: value})


def open_runs(ids: str) -> None:
    """Leave for a run, or for the comparison of several, whose ids commas part. For callbacks."""
    leave_for(*("compare", {"runs": ids}) if "," in ids else ("run", {"run": ids}))


def follow() -> None:
    """Go where the last callback wanted to go; nothing when it wanted nothing."""
    if wanted := st.session_state.pop(LEAD, None):
        page, params = wanted
        st.switch_page(f"console/pages/{page}.py", query_params=params)


def merged(targets: Iterable[Mapping[str, str]]) -> Params:
    """What all of the marks have in common: ranges that hold every one of them, words that are the same in all.

    Marks of single runs say `run`: then `only` names exactly these, and the ranges say where to look for them.
    """
    some = [dict(one) for one in targets]
    if len(some) == 1:
        return some[0]
    names = {name for one in some for name in one} - {"run"}
    ids = [one["run"] for one in some if "run" in one]
    exact = 0 < len(ids) == len(some) <= MOST_CHOSEN
    found: Params = {"only": ",".join(dict.fromkeys(ids))} if exact else {}
    for name in sorted(names):
        values = [one.get(name) for one in some]
        if any(value is None for value in values):
            continue
        known = [value for value in values if value is not None]
        if name in _SMALLEST:
            found[name] = min(known)
        elif name in _LARGEST:
            found[name] = max(known)
        elif len(set(known)) == 1:
            found[name] = known[0]
    return found


def to_runs(targets: Iterable[Mapping[str, str]], default_period: str) -> None:
    """Leave for the runs behind some marks, within the filter of the page. For callbacks.

    Args:
        targets: per mark, what the run list has to be asked for; `run` alone opens the run.
        default_period: the page's range of days when the URL names none.
    """
    found = merged(targets)
    if not found:
        return
    here = {name: value for name, value in st.query_params.to_dict().items() if name in _KEPT}
    if run := found.pop("run", None):
        leave_for("run", {"period": default_period, **here, "run": run})
        return
    if "from" in found:
        found["period"] = "custom"
    leave_for("runs", {"period": default_period, **here, **found})


def selected(key: str) -> list[dict[str, Any]]:
    """The points that are selected in the chart `key`; none when the chart is gone or was drawn anew meanwhile."""
    state = st.session_state.get(key)
    selection = state.get("selection") if state else None
    points = selection.get("points") if selection else None
    return list(points or [])
