"""Counts and documents of collections, while another program writes chunks and tells nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.data.collections.outside import Outside
from console.data.store import tables
from console.data.store.store import Store
from console.data.store.stream import TableStream
from console.records import NewChunk
from tests.support.chunk_writer import Writer
from tests.support.tier import Tier, tier
from tests.support.vectors import clustered_rows

ROWS = clustered_rows(6)


class Beside:
    """A process that shows a collection of two documents of three chunks, and a writer beside it."""

    def __init__(self, store: Store) -> None:
        self.process: Tier = tier(store)
        self.seconds = 0.0
        self.outside = self.another()
        self.key = self.process.collections.create("Handbook", by="ana").collection_id
        for name, rows in (("a.txt", ROWS[:3]), ("b.txt", ROWS[3:])):
            chunks = [NewChunk(text=name, embedding=row) for row in rows]
            self.process.vectors.put_document(self.key, name, chunks, digest=name)
        self.writer = Writer(store, self.key)

    def another(self) -> Outside:
        """What a process that starts now looks with."""
        stream = TableStream(self.process.store, tables.VECTORS)
        return Outside(stream, self.process.collections, self.process.vectors, clock=lambda: self.seconds)

    def counts(self, outside: Outside | None = None) -> tuple[int, int]:
        """Chunks and documents, two seconds later, as the list and the documents have them too."""
        self.seconds += 2.0
        shown = (outside or self.outside).get(self.key)
        documents = self.process.vectors.documents(self.key)
        [listed] = (outside or self.outside).list()
        found = shown.total_chunks, shown.total_documents
        assert (listed.total_chunks, listed.total_documents) == found
        assert (sum(one.chunks for one in documents), len(documents)) == found
        return found


@pytest.fixture
def beside(embedded_store: Store) -> Beside:
    made = Beside(embedded_store)
    assert made.counts() == (6, 2)
    return made


def test_what_another_program_adds_and_removes_is_counted_and_listed(beside: Beside) -> None:
    beside.writer.add("x1", "theirs", ROWS[0])
    assert beside.counts() == (7, 3)
    beside.writer.add("x2", "theirs", ROWS[0])
    assert beside.counts() == (8, 3)
    beside.writer.delete("x1", "x2")
    assert beside.counts() == (6, 2)


def test_all_chunks_deleted_are_no_documents_and_the_console_can_add_them_again(beside: Beside) -> None:
    [document] = [one for one in beside.process.vectors.documents(beside.key) if one.filename == "a.txt"]
    assert beside.process.vectors.is_whole(beside.key, document.filename)
    beside.writer.delete(*beside.writer.ids())
    assert beside.counts() == (0, 0)
    assert not beside.process.vectors.is_whole(beside.key, document.filename)
    beside.process.vectors.put_document(beside.key, "a.txt", [NewChunk(text="new", embedding=ROWS[0])])
    assert beside.counts() == (1, 1)


def test_a_process_that_starts_later_counts_what_was_written_before(beside: Beside) -> None:
    beside.writer.add("x1", "theirs", ROWS[0])
    beside.writer.delete(beside.writer.ids()[0])
    assert beside.counts(beside.another()) == (6, 3)


def test_a_chunk_that_is_changed_in_place_changes_what_pages_keep_the_collection_by(beside: Beside) -> None:
    def state(get: Callable[[str], object] = beside.outside.get) -> object:
        beside.seconds += 2.0
        found = beside.process.collections.get(beside.key) if get(beside.key) else None
        return found and (found.revision, found.foreign)

    before = state()
    assert state() == before
    beside.writer.add(beside.writer.ids()[0], "theirs now", ROWS[1])
    assert state() != before


def test_a_look_at_a_collection_that_nobody_else_writes_costs_little(beside: Beside) -> None:
    before = beside.process.store.meter.read()
    beside.seconds += 2.0
    beside.outside.get(beside.key)
    after = beside.process.store.meter.read()
    assert after.read_units - before.read_units <= 1.0
    assert after.requests["get_records"] - before.requests["get_records"] == 1
