"""The strategies beside each other on one question."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.collections.search import StrategyReport, compare_strategies
from console.services import Services
from console.ui.frame.card import card
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
    config = st.column_config
    st.dataframe(
        [
            {
                "Strategy": one.strategy,
                "First": _milliseconds(one.first_seconds),
                "Then": _milliseconds(one.seconds),
                "Requests": one.requests,
                "Read units": one.read_units,
                "Overlap": one.overlap,
                "Remark": one.error or None,
            }
            for one in reports
        ],
        column_config={
            "Strategy": config.TextColumn(width=90),
            "First": config.NumberColumn("First search", format="%.1f ms", width=100, help="It may load vectors"),
            "Then": config.NumberColumn("Later ones", format="%.1f ms", width=100, help="Median of three"),
            "Requests": config.NumberColumn(width=80, help="To the store, of one later search"),
            "Read units": config.NumberColumn(format="%.1f", width=90, help="Of one later search"),
            "Overlap": config.ProgressColumn(
                "Same as exact",
                format="percent",
                min_value=0,
                max_value=1,
                width=130,
                help="Share of the results of exact that it found too",
            ),
            "Remark": config.TextColumn(width=520),
        },
        hide_index=True,
        height="content",
        placeholder="–",
        alt="Strategies compared",
    )


def _note(question: Question) -> str:
    said = f"{question.k} results, without the time to embed the question"
    return said + (" and with the filters" if said_filters(question) else "")


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1_000
