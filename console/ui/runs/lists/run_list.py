"""The list of runs below its filters: trend, display selector, export, rows, and the way from page to page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial

import msgspec
import streamlit as st

from console.actions.overview.overview import load_trend
from console.actions.runs import rerun, totals
from console.actions.runs.comparison import LEAST, MOST
from console.actions.runs.files import exports
from console.actions.runs.modes import mixed_modes
from console.actions.runs.totals import Span, Tally
from console.records import Judge, Page, RunFilter, RunStatus, RunSummary, User, Verdict, utcnow
from console.services import Services
from console.ui.charts import charts, leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters, linked
from console.ui.frame.controls.pager import pager
from console.ui.frame.later import later
from console.ui.runs.lists import bulk, columns, search, tables, views
from console.ui.runs.lists.to_set import to_set

PAGE_ROWS = 50
TREND_DAYS, FEWEST_DAYS = 90, 14
_DISPLAYS: dict[str, dict[str, str | None]] = {
    "All": {"status": None, "result": None, "show": None},
    "Failures": {"status": None, "result": Verdict.FAIL, "show": None},
    "Passes": {"status": None, "result": Verdict.PASS, "show": None},
    "Errors": {"status": RunStatus.FAILED, "result": None, "show": None},
    "Uncertain": {"status": None, "result": None, "show": "uncertain"},
}


def trend(shared: Services, selection: filters.Selection, judges: list[Judge], today: date) -> None:
    """Two small charts of the days, so that the list has a context, and its totals; none where there is nothing."""
    wanted = selection.wanted
    last = wanted.last_day or today
    whole = Span(min(wanted.first_day or shared.rollups.first_day() or last, last), last)
    figures = load_trend(shared, wanted, judges, whole)
    span = Span(max(whole.first, last - timedelta(days=TREND_DAYS - 1)), last)
    if wanted.first_day is None:
        span = _since_the_first_run(span, [one.day for one in figures.counted if span.holds(one.day)])
    counted, scored = ([one for one in some if span.holds(one.day)] for some in (figures.counted, figures.scored))
    if counted:
        days = [totals.by_day(some, span.first, span.last) for some in (counted, scored)]
        later("trend", lambda: _charts(wanted, *days), 150)
    if selection.counted and figures.counted:
        _totals(figures.counts, whole=wanted.verdict is None and wanted.status is None)


def _charts(wanted: RunFilter, counted: Mapping[date, Tally], scored: Mapping[date, Tally]) -> None:
    any_result = ", whatever the result" if wanted.verdict or wanted.status else ""
    panels = [charts.runs_over_time(counted, small=True), charts.score_over_time(scored, None, small=True)]
    with st.grid(columns=2, min_column_width=260, gap=24, key="runs-trend") as grid:
        for title, panel in zip(("Runs per day", f"Mean score per day, 0 to 1{any_result}"), panels, strict=True):
            with grid.cell():
                st.caption(title)
                draw(
                    stacked(panel), [panel], f"runs.trend.{title.split()[0].lower()}", modes=("points", "box"),
                    on_targets=lambda targets: leads.to_runs(targets, "all"),
                )  # fmt: skip


def _totals(tally: Tally, *, whole: bool) -> None:
    """All finished runs of the filter, added up.

    Args:
        whole: whatever their result; else only their number is known.
    """
    said = [f"**{text.plural(tally.runs, 'finished run')}** in all"]
    if whole:
        said += [
            f"pass rate {text.percent(tally.pass_rate)}",
            f"mean score {text.score(tally.mean)}",
            text.plural(tally.failed, "error"),
            f"{text.count(tally.tokens)} tokens",
            *([text.money(tally.cost).replace("$", "\\$")] if tally.cost else []),
        ]
    st.caption("  ·  ".join(said))


def _since_the_first_run(span: Span, days: list[date]) -> Span:
    """The span without the days before there was anything, but of two weeks at least."""
    shortest = span.last - timedelta(days=FEWEST_DAYS - 1)
    return Span(max(span.first, min([shortest, *days])), span.last)


def toolbar(shared: Services, user: User, selection: filters.Selection) -> None:
    """What the list shows, what can be done with the ticked runs, and the export."""
    with st.container(horizontal=True, vertical_alignment="center", key="runs-toolbar"):
        key = "runs.display"
        st.session_state[key] = _display(selection.wanted)
        st.segmented_control(
            "Show", list(_DISPLAYS), key=key, label_visibility="collapsed", on_change=_set_display, args=(key,)
        )
        filters.score_bounds("runs", selection)
        _compare()
        _run_again()
        to_set("runs", _ticked())
        if not shared.legacy:
            bulk.ticked_runs(shared, user, _ticked())
            views.popover(shared, user)
        columns.popover(shared, user)
        with st.popover("Export", icon=":material/download:", key="runs.export"):
            _export(shared, selection.wanted)


def run_list(shared: Services, user: User, selection: filters.Selection, opened: str | None) -> None:
    """One page of the list, or of what a search found, and the way to the next.

    Args:
        opened: the id of the run that is shown beside the list.
    """
    query = st.query_params.get("q", "")
    stack = _cursors(selection.wanted, query)
    page = search.page_of(shared, selection.wanted, query, stack) if query else _page(shared, selection, stack)
    if page.items:
        if not query:
            st.caption(f"{len(page.items)} runs, newest first. Click a row to open its run", width="stretch")
        if mixed := mixed_modes(page.items):
            st.caption(f":material/call_split: {text.plain(mixed, 300)}")
        here = [str(row.run_id) for row in page.items]
        tables.run_picker(
            "runs", page.items, tables.BESIDE_PANEL if opened else columns.shown(shared, user),
            linked.opens("run"), opened=opened,
            ticked=_ticked(), on_tick=lambda ids: _tick(here, ids),
            scales={case.case_id: case.score_range for case in shared.cases.list()},
        )  # fmt: skip
    elif query:
        search.nothing_found(page.cursor is not None)
    elif stack or page.cursor:
        st.caption("No more matching runs here.")
    elif selection.filtered or selection.wanted.first_day:
        with nothing("No runs match these filters", "Take a filter away, or widen the range of days.", "runs"):
            st.button("Clear filters", key="runs.clear", on_click=_clear)
    else:
        nothing(
            "There are no runs yet", "Runs appear here as soon as one has been made or imported.", "runs", "evaluate"
        )
    pager("runs", "runs.cursors", page.cursor, back="Previous", on="Next")
    if query:
        search.by_meaning(shared, selection.wanted, query)


def _page(shared: Services, selection: filters.Selection, stack: Sequence[str]) -> Page[RunSummary]:
    return shared.runs.list(selection.wanted, limit=PAGE_ROWS, cursor=stack[-1] if stack else None)


def _compare() -> None:
    """The way to the comparison of the ticked runs, of whatever page of the list."""
    ticked = _ticked()
    possible = LEAST <= len(ticked) <= MOST
    pressed = st.button(
        f"Compare {len(ticked)}" if ticked else "Compare", key="runs.compare", icon=":material/compare_arrows:",
        disabled=not possible, help=None if possible else f"Tick {LEAST} to {MOST} runs in the list",
    )  # fmt: skip
    if pressed:
        st.switch_page("console/pages/compare.py", query_params={"runs": ",".join(sorted(ticked, key=_age))})


def _age(run_id: str) -> tuple[int, str]:
    """Ids in the order of their making: the oldest run is the baseline."""
    return (int(run_id) if run_id.isdecimal() else 0, run_id)


def _run_again() -> None:
    """The way to judging the texts of the ticked runs again."""
    ticked = _ticked()
    if ticked and st.button("Run again", key="runs.again", icon=":material/replay:", disabled=len(ticked) > rerun.MOST):
        st.switch_page("console/pages/evaluate.py", query_params={"again": ",".join(ticked)})


def _ticked() -> list[str]:
    ticked: list[str] = st.session_state.setdefault("runs.ticked", [])
    return ticked


def _tick(here: Sequence[str], ids: Sequence[str]) -> None:
    """The boxes of this page as they are now; those of other pages stay, in the order of ticking."""
    kept = [one for one in _ticked() if one not in here or one in ids]
    st.session_state["runs.ticked"] = [*kept, *(one for one in ids if one not in kept)]
    st.rerun()  # the buttons above the list too


def _clear() -> None:
    filters.clear()
    st.rerun()


def _export(shared: Services, wanted: RunFilter) -> None:
    st.caption("The runs that the filter shows, newest first.", width=260)
    for kind, make, mime, what in (
        ("CSV", exports.export_csv, "text/csv", f"One row per run, at most {exports.LIMIT:,}"),
        ("JSONL", exports.export_jsonl, "application/jsonl", f"Whole runs, at most {exports.WHOLE_LIMIT:,}"),
    ):
        st.caption(what)
        st.download_button(
            kind,
            data=partial(_content, make, shared, wanted),
            file_name=f"runs-{utcnow():%Y%m%d-%H%M}.{kind.lower()}",
            mime=mime,
            key=f"runs.export.{kind}",
            on_click="ignore",
            width="stretch",
        )


def _content(make: exports.Exporter, shared: Services, wanted: RunFilter) -> bytes:
    return make(shared, wanted).content


def _cursors(wanted: RunFilter, query: str) -> list[str]:
    """The cursors of the pages gone through; a changed filter begins again."""
    of = msgspec.json.encode((wanted, query)).decode()
    if st.session_state.get("runs.of") != of:
        st.session_state["runs.of"] = of
        st.session_state["runs.cursors"] = []
    cursors: list[str] = st.session_state["runs.cursors"]
    return cursors


def _display(wanted: RunFilter) -> str | None:
    """The display that the filter amounts to, if it is one."""
    shown = {
        "status": wanted.status,
        "result": wanted.verdict,
        "show": "uncertain" if wanted.uncertain else None,
    }
    return next((name for name, params in _DISPLAYS.items() if params == shown), None)


def _set_display(key: str) -> None:
    filters.navigate({**_DISPLAYS[st.session_state[key] or "All"], "run": None})
