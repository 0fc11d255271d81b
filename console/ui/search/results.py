"""What a search found: a card for each chunk, and one of them beside the others with its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

import streamlit as st

from console.actions.collections.search import SearchAnswer, neighbours
from console.errors import existing
from console.records import Chunk, Collection, SearchHit
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters, linked
from console.ui.frame.navigation import link_to
from console.ui.search.document import place, said_metadata

SNIPPET = 420
"""Characters of a chunk in the list."""
_BEFORE = 120
_SHOWN = 100
"""Results that are drawn; the others are counted."""
_MARKS = 1_000
"""Places that are marked in a text; behind them it is shown as it is."""
_MOST_WORDS = 100
"""Words of a question that are looked for."""
_LONGEST_WORD = 100
"""Characters of such a word: what begins with them is marked."""
_COMMON = re.compile(
    "a|an|and|are|as|at|be|by|can|do|does|for|from|how|i|in|is|it|me|my|of|on|or|that|the|this|to|was|what|when|where|"
    "which|who|why|with|you|your"
)
_ENDING = re.compile(r"(?<=\w{4})(?:ing|ed|es|s)$")


def summary(answer: SearchAnswer, unsearchable: int = 0) -> None:
    """How the answer came about, in a line.

    Args:
        unsearchable: chunks of the collection that have no usable vector.
    """
    found = len(answer.results)
    parts = [
        f"{found} result" if found == 1 else f"{found} results",
        f"{text.duration(answer.stages['search'])} by {answer.strategy}",
        f"{answer.requests} requests, {answer.read_units:,.1f} read units",
    ]
    parts += [part for part in (answer.reason, answer.remark) if part]
    if unsearchable:
        parts.append(f"{unsearchable:,} of its chunks have no usable vector and cannot be found")
    st.caption(text.plain("  ·  ".join(parts)))


def result_list(answer: SearchAnswer, words: str, opened: str | None) -> None:
    """The chunks, nearest first, with the words of the question marked.

    Args:
        words: the text that was searched for; empty when it was a chunk or a run.
        opened: the id of the chunk that is shown beside the list.
    """
    if not answer.results:
        nothing("Nothing was found", "No chunk meets the filter. Take a filter away, or choose another.", "search-none")
        return
    wanted = _words(words)
    for number, hit in enumerate(answer.results[:_SHOWN], start=1):
        with st.container(border=True, gap="xsmall", key=f"hit-{number}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    text.plain(hit.filename or "No document", 60), key=f"search.hit.{number}", type="tertiary",
                    icon=":material/arrow_right:" if hit.chunk_id == opened else ":material/article:",
                    on_click=filters.navigate, args=({"hit": hit.chunk_id},),
                )  # fmt: skip
                st.caption(text.plain("  ·  ".join(filter(None, (place(hit), _side(hit))))), width="stretch")
                _bar(hit.similarity)
            st.markdown(marked(_snippet(hit.text, wanted), wanted))
    if len(answer.results) > _SHOWN:
        st.caption(f"The {_SHOWN} nearest of {len(answer.results):,} are shown. The command line prints all.")


def _side(hit: SearchHit) -> str:
    """Which side of the search found a chunk, where there are two."""
    return {"words": "by its words", "both": "by meaning and words"}.get(hit.found_by, "")


def panel(shared: Services, collection: Collection, answer: SearchAnswer | None, opened: str, words: str) -> None:
    """One chunk whole, where it stands, what is before and after it, and its metadata.

    Args:
        answer: what was found; the chunk need not be among it.
    """
    collection_id = collection.collection_id
    hit = next((one for one in answer.results if one.chunk_id == opened), None) if answer else None
    similarity = hit.similarity if hit else None
    if hit is None:
        found = shared.vectors.get_many(collection_id, [opened])
        hit = SearchHit.of(existing(found.get(opened), "chunk", opened), 0.0)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="search-panel-head"):
        st.header(text.plain(hit.filename or "No document", 60), anchor=False, width="content")
        linked.close("search.close", "hit")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(text.plain(place(hit)), width="stretch")
        if similarity is not None:
            _bar(similarity)
    before, after = neighbours(shared, collection_id, hit)
    _neighbour("Before it", before)
    for paragraph in re.split(r"\n\s*\n", hit.text.strip()):
        st.markdown("  \n".join(marked(line, _words(words)) for line in paragraph.split("\n")))
    _neighbour("After it", after)
    if said := said_metadata(hit.metadata):
        st.caption("Metadata")
        st.json(said, expanded=1)
    st.code(hit.chunk_id, language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Find similar", key="search.similar", icon=":material/search:", on_click=filters.navigate,
            args=({"by": "chunk", "chunk": hit.chunk_id, "hit": None, "view": None},),
        )  # fmt: skip
        link_to(
            "collections",
            "Open the document",
            ":material/description:",
            **{"collection": collection_id, "document": hit.filename, "from": str(hit.chunk_index)},
        )


def marked(shown: str, words: Iterable[str]) -> str:
    """A text as markdown that shows it character by character, with these words marked."""
    wanted = sorted(words, key=len, reverse=True)
    if not wanted:
        return text.plain(shown)
    pieces = re.split(rf"(?i)\b((?:{'|'.join(map(re.escape, wanted))})\w*)", shown, maxsplit=_MARKS)
    shown_pieces = [
        f":blue-background[{text.plain(piece)}]" if number % 2 else _spaced(piece)
        for number, piece in enumerate(pieces)
    ]
    return "".join(shown_pieces)


def _spaced(piece: str) -> str:
    """As `plain`, with the white space at the ends, which joins a piece to its neighbours."""
    inner = text.plain(piece)
    if not inner:
        return " " if piece else ""
    return f"{' ' * piece[0].isspace()}{inner}{' ' * piece[-1].isspace()}"


def _words(question: str) -> set[str]:
    """The beginnings of the words of a question that say something."""
    found = (word.group()[:_LONGEST_WORD].casefold() for word in re.finditer(r"\w+", question))
    said = (_ENDING.sub("", word) for word in found if len(word) > 1 and not _COMMON.fullmatch(word))
    return set(islice(said, _MOST_WORDS))


def _snippet(whole: str, words: Iterable[str]) -> str:
    """So much of a chunk that the first of the words is in it."""
    if len(whole) <= SNIPPET:
        return whole
    wanted = "|".join(map(re.escape, words))
    first = re.search(rf"(?i)\b(?:{wanted})", whole) if wanted else None
    start = max(first.start() - _BEFORE, 0) if first else 0
    start = whole.find(" ", start) + 1 if start else 0
    return ("… " if start else "") + text.shorten(whole[start:], SNIPPET)


def _bar(similarity: float) -> None:
    """The similarity (cosine, -1 to 1) as a bar with its number; below 0 the bar is empty."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width=136):
        st.progress(min(max(similarity, 0.0), 1.0), width=86)
        st.caption(text.plain(f"{similarity:.3f}"), width="content")


def _neighbour(title: str, chunk: Chunk | None) -> None:
    if chunk:
        with st.expander(title):
            st.text(chunk.text)
