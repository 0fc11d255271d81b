"""What is searched for: the address holds it, the widgets mirror it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from console.actions.runs.detail import run_id_of
from console.records import Collection
from console.search.ways.searcher import AUTO, MOST_RESULTS, STRATEGIES
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls import filters, linked

BY = {"text": "Text", "chunk": "Chunk", "run": "Run"}
VIEWS = {"results": "Results", "map": "Map", "strategies": "Compare strategies", "quality": "Quality"}
RESULTS = 10
_PLACEHOLDERS = {
    "text": "What the texts should be about",
    "chunk": "The id of a chunk; Find similar on any chunk fills it in",
    "run": "The number of a run; its evaluated text is searched for",
}
_PARAMS = {"text": "q", "chunk": "chunk", "run": "run"}


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for."""

    collection_id: str | None
    by: str
    """A key of `BY`."""
    words: str
    """The text, the id of the chunk or that of the run; empty when nothing is asked yet."""
    strategy: str
    k: int
    filters: dict[str, str]
    view: str
    """A key of `VIEWS`."""
    opened: str | None
    """The id of the result that is shown beside the others."""

    @property
    def asked(self) -> dict[str, Any]:
        """By what to search, as the actions take it."""
        if self.by == "run":
            return {"run_id": run_id_of(self.words)}
        return {"chunk_id": self.words} if self.by == "chunk" else {"text": self.words}


def read(only: str | None = None) -> Question:
    """What the address asks for; what it says wrong is left out.

    Args:
        only: the id of the one collection that there is to search in, if there is just one.
    """
    by = _one_of(_param("by"), BY, "text")
    return Question(
        collection_id=_param("collection") or only,
        by=by,
        words=(_param(_PARAMS[by]) or "").strip(),
        strategy=_one_of(_param("strategy"), STRATEGIES, AUTO),
        k=_number(_param("k")),
        filters=_filters(_param("file"), _param("where")),
        view=_one_of(_param("view"), VIEWS, "results"),
        opened=_param("hit"),
    )


def collection_control(known: Sequence[Collection], current: str | None) -> None:
    """Which collection is searched."""
    names = filters.distinct({one.collection_id: one.name for one in known})
    linked.choice(
        "search", "collection", "Collection", names, current, ("hit", "file", "where", "chunk"), width=300,
        placeholder="Choose a collection", label_visibility="collapsed",
    )  # fmt: skip


def question_bar(question: Question) -> None:
    """By what, and the words."""
    with st.container(horizontal=True, vertical_alignment="center", key="search-bar"):
        linked.segments("search", "by", "Search by", BY, question.by, ("hit",))
        key = f"search.words.{question.by}"
        st.session_state[key] = question.words
        st.text_input(
            "Search", key=key, placeholder=_PLACEHOLDERS[question.by], label_visibility="collapsed", max_chars=2_000,
            icon=":material/search:", on_change=_store, args=(key, _PARAMS[question.by], {"hit": None}),
        )  # fmt: skip


def option_bar(shared: Services, question: Question, collection: Collection) -> None:
    """How, how many, and of which documents."""
    with st.grid(columns=4, min_column_width=150, gap=10, key="search-options"):
        linked.choice(
            "search", "strategy", "Strategy", {one: one.capitalize() for one in STRATEGIES}, question.strategy, index=0,
            help="Auto takes the vector index of the store where it has one, else vectors in memory",
        )  # fmt: skip
        st.session_state["search.k"] = question.k
        st.number_input(
            "Results", 1, MOST_RESULTS, key="search.k", on_change=_store, args=("search.k", "k", {"hit": None})
        )
        names = _documents(shared, collection.collection_id, f"{collection.revision} {collection.foreign}")
        linked.choice(
            "search", "file", "Document", {name: name for name in names}, question.filters.get("filename"), ("hit",),
            placeholder="Any document",
        )  # fmt: skip
        st.session_state["search.where"] = _param("where") or ""
        st.text_input(
            "Metadata", key="search.where", placeholder="page=3, addedBy=ana", on_change=_store,
            args=("search.where", "where", {"hit": None}),
            help="Names and values that chunks must have, separated by commas. Every strategy but native can",
        )  # fmt: skip


@st.cache_data(ttl=600, max_entries=32, show_spinner=False)
def _documents(_shared: Services, collection_id: str, revision: str) -> list[str]:
    """The documents of one revision; kept, because those of another system have to be gathered from its chunks."""
    del revision  # another one has others
    return [one.filename for one in _shared.vectors.documents(collection_id)]


def view_control(question: Question) -> None:
    """Results, map or strategies."""
    linked.segments("search", "view", "Show", VIEWS, question.view)


def _store(key: str, name: str, also: dict[str, None] | None = None) -> None:
    value = st.session_state[key]
    filters.navigate({name: str(value) if value else None, **(also or {})})


def _filters(file: str | None, where: str | None) -> dict[str, str]:
    pairs = (part.partition("=") for part in (where or "").split(","))
    found = {name.strip(): value.strip() for name, _, value in pairs if name.strip() and value.strip()}
    return found | ({"filename": file} if file else {})


def _number(typed: str | None) -> int:
    number = int(typed) if typed and typed.isdecimal() and len(typed) < 9 else RESULTS
    return min(max(number, 1), MOST_RESULTS)


def _one_of(value: str | None, allowed: Sequence[str] | dict[str, str], default: str) -> str:
    return value if value is not None and value in allowed else default


def _param(name: str) -> str | None:
    return st.query_params.get(name) or None


def said_filters(question: Question) -> str:
    """The filters in words, plain text; empty without any."""
    return ", ".join(f"{name} is {text.shorten(value, 40)}" for name, value in question.filters.items())
