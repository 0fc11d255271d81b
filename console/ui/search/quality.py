"""The quality of the search: judged queries are uploaded, and each strategy is measured on them."""

from __future__ import annotations

import streamlit as st

from console.actions.collections.quality import Estimate, Quality, StrategyQuality, measure, read_judged
from console.errors import ConsoleError
from console.records import Collection
from console.services import Services
from console.tabular.files import TabularFile
from console.ui.frame import text
from console.ui.frame.boundary import show_error
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, number_column, show_records, text_column

_SEEN = "search.quality.seen"
_PROBLEMS = 5
_HELP = (
    "A header and a row for each pair: query, relevant (a file name or the id of a chunk) and maybe grade. "
    "Several rows may have the same query."
)


def quality_card(shared: Services, collection: Collection) -> None:
    """A file of judged queries, and how well each strategy answers them."""
    with card("Search quality", "Judged queries: CSV, TSV or JSON Lines", "search-quality"):
        file = st.file_uploader(
            "Judged queries", ["csv", "tsv", "jsonl", "json"], key="search.quality.file", help=_HELP, max_upload_size=10
        )
        if file is None:
            st.caption(_HELP)
            return
        of = (collection.collection_id, collection.revision, collection.foreign, file.file_id)
        seen, made = st.session_state.get(_SEEN, (None, None))
        if seen != of:
            made = _measured(shared, collection, file.name, file.getvalue())
            st.session_state[_SEEN] = (of, made)
        if made is not None:
            _report(made)


def _measured(shared: Services, collection: Collection, name: str, content: bytes) -> Quality | None:
    try:
        queries, problems = read_judged(TabularFile.of(name, content))
        for problem in problems[:_PROBLEMS]:
            st.warning(text.plain(f"Left out. {problem}"), icon=":material/visibility_off:")
        if len(problems) > _PROBLEMS:
            st.warning(f"{len(problems) - _PROBLEMS:,} more rows were left out.", icon=":material/visibility_off:")
        bar = st.progress(0.0, "Searching …")

        def progress(done: int, total: int) -> None:
            bar.progress(done / total, f"Searching … {done:,} of {total:,}")

        made = measure(shared, collection.collection_id, queries, progress=progress)
        bar.empty()
    except ConsoleError as error:
        show_error(error, "search.quality.error")
        return None
    return made


def _report(made: Quality) -> None:
    if made.unknown:
        some = ", ".join(text.shorten(one, 40) for one in made.unknown[:3])
        st.warning(
            text.plain(f"Not in the collection, though judged relevant: {some} ({len(made.unknown):,} in all)."),
            icon=":material/search_off:",
        )
    _table(made)
    done = [one for one in made.strategies if one.ndcg]
    if not done:
        return
    best = max(done, key=lambda one: one.ndcg.mean if one.ndcg else 0.0)
    names = [one.strategy for one in done]
    chosen = st.segmented_control(
        "Queries by", names, default=best.strategy, key="search.quality.strategy", required=True,
        format_func=str.capitalize,
    )  # fmt: skip
    _queries(next(one for one in done if one.strategy == (chosen or best.strategy)))


def _table(made: Quality) -> None:
    share = st.column_config.ProgressColumn(format="%.3f", min_value=0, max_value=1, width=130)
    missed = "Queries for which nothing relevant is among the first ten"
    columns: list[Column[StrategyQuality]] = [
        text_column("Strategy", lambda one: one.strategy.capitalize()),
        Column("nDCG@10", lambda one: one.ndcg.mean if one.ndcg else None, share),
        text_column("95 %", lambda one: _interval(one.ndcg)),
        Column("Recall@10", lambda one: one.recall.mean if one.recall else None, share),
        text_column("95 % of it", lambda one: _interval(one.recall)),
        number_column("Fail", lambda one: len(one.failing) if one.ndcg else None, 70, note=missed),
        number_column(
            "Time", lambda one: None if one.seconds is None else one.seconds * 1_000, 80, "%.1f ms",
            "Median of a search, the query embedded",
        ),
        text_column("Remark", lambda one: one.error or None),
    ]  # fmt: skip
    show_records(made.strategies, columns, alt=f"Quality on {made.queries:,} queries", height="content")
    queries = "1 query" if made.queries == 1 else f"{made.queries:,} queries, each"
    st.caption(f"{queries} embedded once")


def _queries(one: StrategyQuality) -> None:
    """The queries, the worst first."""
    worst = sorted(one.queries, key=lambda query: (query.recall, query.ndcg))
    st.dataframe(
        [
            {
                "Query": query.query, "nDCG@10": query.ndcg, "Recall@10": query.recall, "Missed": query.missed,
                "Found": query.found,
            }
            for query in worst
        ],
        column_config={
            "Query": st.column_config.TextColumn(width=360),
            "nDCG@10": st.column_config.NumberColumn(format="%.3f", width=90),
            "Recall@10": st.column_config.NumberColumn(format="%.3f", width=90),
        },
        hide_index=True, alt="Queries, the worst first",
    )  # fmt: skip


def _interval(estimate: Estimate | None) -> str | None:
    return f"{estimate.low:.3f} – {estimate.high:.3f}" if estimate else None
