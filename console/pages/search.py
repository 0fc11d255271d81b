"""Similarity search: chunks that mean what a text, a chunk or a run says. The address holds everything.

`?collection=ID`, `by=text|chunk|run` with `q`, `chunk` or `run`, `strategy`, `k`, `file`, `where`, `view`, `hit`.
"""

from __future__ import annotations

import streamlit as st

from console.actions.collections.search import SearchAnswer, search, unsearchable
from console.errors import ConsoleError
from console.records import Collection, Role
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import boundary, nothing, show_error
from console.ui.frame.navigation import link_to
from console.ui.frame.session import page_title
from console.ui.search import bar, results
from console.ui.search.bar import Question
from console.ui.search.map import collection_map
from console.ui.search.quality import quality_card
from console.ui.search.strategies import strategy_card
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("search") as (shared, user):
        with st.container(horizontal=True, vertical_alignment="bottom", key="search-head"):
            page_title(shared, "Similarity search")
            known = [one for one in shared.outside.list() if not one.deleting]
            question = bar.read(known[0].collection_id if len(known) == 1 else None)
            bar.collection_control(known, question.collection_id)
        if question.collection_id:
            _search(shared, shared.outside.get(question.collection_id), question)
        elif known:
            nothing("Choose a collection", "Then search in it by a text, a chunk or a run.", "search-choose")
        else:
            _no_collections(admin=user.role.includes(Role.ADMIN))


def _search(shared: Services, collection: Collection, question: Question) -> None:
    """The question, and what it finds in the form that is chosen."""
    bar.question_bar(question)
    bar.option_bar(shared, question, collection)
    if not collection.total_chunks:
        with nothing("This collection is empty", "There is nothing to find in it yet.", "search-empty"):
            _collection_link(collection)
        return
    asked = bool(question.words) and question.view != "quality"
    answer = _answer(shared, collection, question) if asked else None
    bar.view_control(question)
    if asked and answer is None:
        return
    if question.view == "quality":
        quality_card(shared, collection)
    elif question.view == "strategies" and question.words:
        strategy_card(shared, question, f"{collection.revision} {collection.foreign}")
    elif question.view == "map":
        _beside(shared, collection, question, answer)
    elif answer:
        results.summary(answer, unsearchable(shared, collection))
        _beside(shared, collection, question, answer)
    else:
        with nothing("What are you looking for?", "Type it above, or look at the map of the collection.", "search-ask"):
            _collection_link(collection)


def _answer(shared: Services, collection: Collection, question: Question) -> SearchAnswer | None:
    """What was found, or a card that says why nothing could be."""
    try:
        return search(
            shared, collection.collection_id, k=question.k, strategy=question.strategy, filters=question.filters,
            **question.asked,
        )  # fmt: skip
    except ConsoleError as error:
        show_error(error, "search.answer")
        return None


def _beside(shared: Services, collection: Collection, question: Question, answer: SearchAnswer | None) -> None:
    """The map or the results, with the chunk that is open beside them."""
    words = question.words if question.by == "text" else ""
    with st.container(horizontal=True, gap="small", key="search-split"):
        with st.container(key="search-main"), boundary("search.main"):
            if question.view == "map":
                found = {hit.chunk_id for hit in answer.results} if answer else set()
                collection_map(shared, collection, answer.vector if answer else None, found, question.opened)
            elif answer:
                results.result_list(answer, words, question.opened)
        if question.opened:
            with st.container(key="search-panel", border=True), boundary("search.panel"):
                results.panel(shared, collection, answer, question.opened, words)


def _no_collections(*, admin: bool) -> None:
    advice = "Make one and add texts to it." if admin else "Admins can make one and add texts to it."
    nothing("There are no collections yet", advice, "search-no-collections", "collections")


def _collection_link(collection: Collection) -> None:
    link_to("collections", text.plain(collection.name), ":material/library_books:", collection=collection.collection_id)


main()
