"""The strategies beside each other on one question."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.collections.search import StrategyReport, compare_strategies
from console.services import Services
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, number_column, show_records, text_column
from console.ui.search.bar import Question, said_filters

_SEEN = "search.compared"


def strategy_card(shared: Services, question: Question, revision: str) -> None:
    """Every strategy on the question, measured once; again on request.

    Args:
        revision: of the collection; another one is measured anew.
    """
    of = (question.collection_id, question.by, question.words, question.k, tuple(question.filters.items()), revision)
    with card("Compare strategies", _note(question), "search-strategies"):
        again = st.button("Measure again", key="search.again", icon=":material/refresh:")
        seen, reports = st.session_state.get(_SEEN, (None, []))
        if again or seen != of:
            with st.spinner("Searching in every way …"):
                reports = compare_strategies(
                    shared, question.collection_id or "", k=question.k, filters=question.filters, **question.asked
                )
            st.session_state[_SEEN] = (of, reports)
        _table(reports)


def _table(reports: Sequence[StrategyReport]) -> None:
    same = st.column_config.ProgressColumn(
        "Same as exact", format="percent", min_value=0, max_value=1, width=130,
        help="Share of the results of exact that it found too",
    )  # fmt: skip
    first, note = "First search", "It may load vectors"
    columns: list[Column[StrategyReport]] = [
        text_column("Strategy", lambda one: one.strategy, 90),
        number_column("First", lambda one: _milliseconds(one.first_seconds), 100, "%.1f ms", note, title=first),
        number_column(
            "Then", lambda one: _milliseconds(one.seconds), 100, "%.1f ms", "Median of three", title="Later ones"
        ),
        number_column("Requests", lambda one: one.requests, 80, note="To the store, of one later search"),
        number_column("Read units", lambda one: one.read_units, 90, "%.1f", "Of one later search"),
        Column("Overlap", lambda one: one.overlap, same),
        text_column("Remark", lambda one: one.error or None, 520),
    ]
    show_records(reports, columns, alt="Strategies compared", height="content")


def _note(question: Question) -> str:
    said = f"{question.k} results, without the time to embed the question"
    return said + (" and with the filters" if said_filters(question) else "")


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1_000
