"""Rows of batches: items `ROW#<number>` in the partition of their batch, each with its artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from console.data.runs.puts import check_artifact
from console.data.store import tables
from console.data.store.bulk import put_all
from console.data.store.codec import Item, from_item, to_item
from console.data.store.lists.cursor import check_limit, decode_cursor, encode_cursor
from console.data.store.packing import pack
from console.data.store.partition import parts_of, read_parts, write_parts
from console.data.store.requests import Query
from console.data.store.store import PAGE, Store
from console.errors import InvalidInput, TooLarge
from console.records import Artifact, BatchRow, NewRow, Page, RowState

ROWS_LIMIT = 100_000
"""Rows of a batch."""


def row_key(partition_key: str, number: int) -> tuple[str, str]:
    """Key of a row's item."""
    return partition_key, f"ROW#{number:06}"


def write_rows(
    store: Store,
    partition_key: str,
    batch_id: str,
    artifacts: Iterable[Artifact | NewRow],
    on_saved: Callable[[int], None] | None = None,
) -> int:
    """Stores the rows of a new batch and returns how many they are; see `put_all`.

    Raises:
        TooLarge: there are more than `ROWS_LIMIT` rows, or a text is over 10 MB.
        InvalidInput: a text cannot be stored; the message names the row.
    """

    def items() -> Iterator[Item]:
        for number, artifact in enumerate(artifacts, 1):
            row = artifact if isinstance(artifact, NewRow) else NewRow(artifact=artifact)
            new = BatchRow(batch_id=batch_id, number=number, artifact=row.artifact, item=row.item)
            yield _write_parts_of(store, partition_key, new)

    return put_all(store, tables.RUNS, items(), on_saved)


def read_rows(
    store: Store, partition_key: str, state: RowState | None, limit: int, cursor: str | None
) -> Page[BatchRow]:
    """One page of rows in the order of the input (see `Batches.rows`)."""
    check_limit(limit)
    after = decode_cursor(cursor, {"n": int})["n"] if cursor else 0
    size = limit + 1 if state is None else PAGE
    examined = 0

    def matching() -> Iterator[Item]:
        nonlocal examined
        for item in _items(store, partition_key, after, size):
            examined += 1
            if state is None or item["state"]["S"] == state.value:
                yield item

    found = list(islice(matching(), limit + 1))
    shown = found[:limit]
    parts = read_parts(store, partition_key, set().union(*map(parts_of, shown)))
    rows = [from_item(item, BatchRow, parts) for item in shown]
    more = len(found) > limit
    return Page(rows, encode_cursor({"n": rows[-1].number}) if more else None, examined)


def read_numbered(store: Store, partition_key: str, numbers: Sequence[int]) -> list[BatchRow]:
    """The rows with these numbers, in the order asked for (see `Batches.numbered`)."""
    found = store.batch_get(tables.RUNS, [row_key(partition_key, number) for number in dict.fromkeys(numbers)])
    parts = read_parts(store, partition_key, set().union(*map(parts_of, found)))
    rows = {row.number: row for row in (from_item(item, BatchRow, parts) for item in found)}
    return [rows[number] for number in numbers if number in rows]


def _write_parts_of(store: Store, partition_key: str, row: BatchRow) -> Item:
    """The row's item, whose long values are stored already."""
    if row.number > ROWS_LIMIT:
        raise TooLarge(f"A batch has at most {ROWS_LIMIT:,} rows. Split it.")
    try:
        check_artifact(row.artifact)
        item, parts = pack(to_item(row, **tables.keyed(*row_key(partition_key, row.number))))
    except InvalidInput as error:
        raise type(error)(f"Row {row.number}: {error}", field=error.field) from error
    write_parts(store, partition_key, parts)
    return item


def _items(store: Store, partition_key: str, after: int, size: int) -> Iterator[Item]:
    low = row_key(partition_key, min(max(after, 0), ROWS_LIMIT) + 1)[1]
    query = Query(tables.RUNS, partition_key, low=low, high="ROW#~")
    return store.all(query, limit=min(size, PAGE))
