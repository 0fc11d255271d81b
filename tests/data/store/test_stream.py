"""The stream of a table: every write by whoever, from a position that can be kept."""

from __future__ import annotations

from console.data.store import tables
from console.data.store.store import Store
from console.data.store.stream import Change, TableStream
from console.records import StreamPosition


def put(store: Store, chunk_id: str, text: str = "a") -> None:
    """Writes a chunk as another program would."""
    item = {"bot_id": {"S": "bot"}, "chunk_id": {"S": chunk_id}, "text": {"S": text}}
    store.client.put_item(TableName=store.name(tables.VECTORS), Item=item)


def remove(store: Store, chunk_id: str) -> None:
    """Removes a chunk as another program would."""
    key = {"bot_id": {"S": "bot"}, "chunk_id": {"S": chunk_id}}
    store.client.delete_item(TableName=store.name(tables.VECTORS), Key=key)


def begun(stream: TableStream) -> StreamPosition:
    """The stream's end."""
    found = stream.position()
    assert found
    return found


def test_writes_are_told_in_their_order(store: Store) -> None:
    put(store, "before")
    stream = TableStream(store, tables.VECTORS)
    start = begun(stream)
    put(store, "one")
    put(store, "one", "other")
    remove(store, "one")
    found = stream.since(start)
    assert found
    assert found[0] == [Change("bot", "one", "INSERT"), Change("bot", "one", "MODIFY"), Change("bot", "one", "REMOVE")]


def test_another_process_goes_on_where_one_stopped(store: Store) -> None:
    put(store, "one")
    kept = begun(TableStream(store, tables.VECTORS))
    put(store, "two")
    found = TableStream(store, tables.VECTORS).since(kept)
    assert found
    assert [change.range_value for change in found[0]] == ["two"]


def test_nothing_is_told_twice(store: Store) -> None:
    stream = TableStream(store, tables.VECTORS)
    start = begun(stream)
    put(store, "one")
    first = stream.since(start)
    assert first
    again = stream.since(first[1])
    assert again
    assert again[0] == []


def test_more_changes_than_one_answer_holds(store: Store) -> None:
    stream = TableStream(store, tables.VECTORS)
    start = begun(stream)
    items = [{"bot_id": {"S": "bot"}, "chunk_id": {"S": f"{number:05}"}} for number in range(1_200)]
    store.batch_put(tables.VECTORS, items)
    found = stream.since(start)
    assert found
    assert len({change.range_value for change in found[0]}) == 1_200


def test_a_day_later_nothing_can_be_told(store: Store) -> None:
    now = [1_000.0]
    stream = TableStream(store, tables.VECTORS, clock=lambda: now[0])
    start = begun(stream)
    now[0] += 24 * 3600
    assert stream.since(start) is None


def test_a_position_of_another_stream_tells_nothing(store: Store) -> None:
    stream = TableStream(store, tables.VECTORS)
    begun(stream)
    assert stream.since(StreamPosition(stream="arn:other", moment=0.0, shards={})) is None


def test_a_table_without_a_stream_has_no_position(store: Store) -> None:
    assert TableStream(store, tables.CASES).position() is None
