"""Adding files to a collection, each with its progress, and sending the collection to OpenSearch."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.collections import collections as actions
from console.actions.collections.ingest import Ingested, Step, ingest_files
from console.records import Collection, User
from console.search.files.readers import KINDS, LIMITS, Source
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card

SYNC = "collections.syncing"
"""In the session: the id of the collection whose button to send it was pressed."""
_DONE = "collections.done"
_ROUND = "collections.uploads"
_STEPS = {
    "reading": "Reading", "embedding": "Embedding", "storing": "Storing", "done": "Done", "unchanged": "Unchanged",
    "refused": "Refused",
}  # fmt: skip


def upload_card(shared: Services, user: User, collection: Collection) -> None:
    """Files to add, and what became of the last ones."""
    with card("Add documents", "A file of a name that is there replaces it", "collections-upload"):
        files = st.file_uploader(
            "Files", [*KINDS], accept_multiple_files=True, key=f"collections.files.{_round()}",
            label_visibility="collapsed", max_upload_size=LIMITS.bytes // 1_000_000,
        )  # fmt: skip
        if files:
            words = "Add 1 file" if len(files) == 1 else f"Add {len(files)} files"
            if st.button(words, key="collections.add", type="primary", icon=":material/upload_file:"):
                st.session_state[_DONE] = (collection.collection_id, _ingest(shared, user, collection, files))
                st.session_state[_ROUND] = _round() + 1
                st.rerun()
        of, done = st.session_state.get(_DONE, ("", []))
        if of == collection.collection_id:
            _outcome(done)


def sync(shared: Services, user: User, collection: Collection) -> None:
    """Send the collection to OpenSearch, when the button was pressed."""
    if st.session_state.pop(SYNC, None) != collection.collection_id:
        return
    bar = st.progress(0.0, "Sending to OpenSearch")
    total = max(collection.total_chunks, 1)

    def progress(done: int) -> None:
        bar.progress(min(done / total, 1.0), f"{_chunks(done)} sent to OpenSearch")

    sent = actions.sync_opensearch(shared, user, collection.collection_id, progress)
    bar.empty()
    said = f"Sent {_chunks(sent)} to OpenSearch." if sent else "OpenSearch holds the collection as it is now."
    st.success(said, icon=":material/check:")


def _ingest(shared: Services, user: User, collection: Collection, files: Sequence[Source]) -> list[Ingested]:
    """Add the files, each with a bar of its own."""
    bars = [st.progress(0.0, _line(file.name, "Waiting")) for file in files]

    def progress(number: int, step: Step) -> None:
        page = f" {step.page:,} of {step.pages:,}" if step.pages else ""
        bars[number].progress(min(step.share, 1.0), _line(files[number].name, f"{_STEPS[step.name]}{page}"))

    return ingest_files(shared, user, collection.collection_id, files, progress)


def _outcome(done: Sequence[Ingested]) -> None:
    """What became of the files, good ones in one line, with what was not read of each."""
    good = [one for one in done if not one.error and not one.unchanged]
    if good:
        chunks = sum(one.chunks for one in good)
        documents = "1 document" if len(good) == 1 else f"{len(good)} documents"
        st.success(f"Added {documents}, {_chunks(chunks)}.", icon=":material/check:")
    if same := sum(one.unchanged for one in done):
        documents = "1 document is" if same == 1 else f"{same} documents are"
        st.info(f"{documents} here as it was; nothing was written." if same == 1 else
                f"{documents} here as they were; nothing was written.", icon=":material/done_all:")  # fmt: skip
    for one in done:
        if one.error:
            st.error(text.plain(one.error), icon=":material/block:")
        elif one.lost:
            st.warning(text.plain(f"{one.name}: {'; '.join(one.lost)}."), icon=":material/visibility_off:")


def _line(name: str, step: str) -> str:
    return f"{text.plain(name, 60)}   {step}"


def _round() -> int:
    """Counts the uploads: in the key of the uploader, so that it is empty after each."""
    number: int = st.session_state.get(_ROUND, 0)
    return number


def _chunks(number: int) -> str:
    return "1 chunk" if number == 1 else f"{number:,} chunks"
