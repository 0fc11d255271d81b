"""The pages by their file's name: what they are called and their icon, in the menu and wherever a way leads to them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Place:
    """One page of the console."""

    title: str
    icon: str


PLACES = {
    "overview": Place("Overview", ":material/monitoring:"),
    "evaluate": Place("Run evaluation", ":material/play_circle:"),
    "runs": Place("Runs", ":material/list_alt:"),
    "run": Place("Run", ":material/article:"),
    "review": Place("Review", ":material/rate_review:"),
    "compare": Place("Compare", ":material/compare_arrows:"),
    "documents": Place("Documents", ":material/description:"),
    "judges": Place("Judges", ":material/gavel:"),
    "cases": Place("Cases", ":material/fact_check:"),
    "thresholds": Place("Thresholds", ":material/vertical_align_center:"),
    "models": Place("Models & metrics", ":material/category:"),
    "search": Place("Similarity search", ":material/search:"),
    "collections": Place("Collections", ":material/library_books:"),
    "similar": Place("Similar runs", ":material/hub:"),
    "agreement": Place("Agreement", ":material/join_inner:"),
    "compare_judges": Place("Compare judges", ":material/balance:"),
    "operations": Place("Operations", ":material/monitor_heart:"),
    "users": Place("Users", ":material/group:"),
    "password": Place("Password", ":material/key:"),
}


def way_to(page: str, **query: str) -> None:
    """A link to a page by its own name."""
    place = PLACES[page]
    st.page_link(f"pages/{page}.py", label=place.title, icon=place.icon, query_params=query)
