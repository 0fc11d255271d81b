"""The pages by their file's name: what they are called and their icon, in the menu and wherever a way leads to them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Route:
    """One page of the console."""

    title: str
    icon: str


ROUTES = {
    "overview": Route("Overview", ":material/monitoring:"),
    "evaluate": Route("Run evaluation", ":material/play_circle:"),
    "batches": Route("Batches", ":material/dynamic_feed:"),
    "sets": Route("Test sets", ":material/checklist:"),
    "experiments": Route("Experiments", ":material/science:"),
    "runs": Route("Runs", ":material/list_alt:"),
    "run": Route("Run", ":material/article:"),
    "review": Route("Review", ":material/rate_review:"),
    "compare": Route("Compare", ":material/compare_arrows:"),
    "documents": Route("Documents", ":material/description:"),
    "judges": Route("Judges", ":material/gavel:"),
    "cases": Route("Cases", ":material/fact_check:"),
    "thresholds": Route("Thresholds", ":material/vertical_align_center:"),
    "models": Route("Models & metrics", ":material/category:"),
    "search": Route("Similarity search", ":material/search:"),
    "collections": Route("Collections", ":material/library_books:"),
    "similar": Route("Similar runs", ":material/hub:"),
    "agreement": Route("Agreement", ":material/join_inner:"),
    "compare_judges": Route("Compare judges", ":material/balance:"),
    "operations": Route("Operations", ":material/monitor_heart:"),
    "users": Route("Users", ":material/group:"),
    "password": Route("Password", ":material/key:"),
}


def link_to(page: str, label: str = "", icon: str = "", **query: str) -> None:
    """A link to a page, by the page's own name and icon where no others are given."""
    route = ROUTES[page]
    st.page_link(f"console/pages/{page}.py", label=label or route.title, icon=icon or route.icon, query_params=query)
