"""Items of test sets: `ITEM#<key>#<version>` in the partition of their set.

An item is written once for each version that changed it, and is in force from that version on, until another version
changes or removes it: a version costs what it changes. Numbers that were never published, of a change that was
interrupted, are read past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby, islice

from console.data.store import tables
from console.data.store.codec import Item, check_line, check_text, from_item, to_item, to_wire_map
from console.data.store.lists.cursor import check_limit, decode_cursor, encode_cursor
from console.data.store.packing import pack
from console.data.store.partition import parts_of, read_parts, write_parts
from console.data.store.requests import Query
from console.data.store.store import PAGE, Store
from console.errors import InvalidInput
from console.records import Page, SetItem

KEY_LIMIT = 200
"""Characters of a key."""
TAGS_LIMIT = 50
_PREFIX = "ITEM#"
_AFTER = "ITEM$"
_DIGEST = "digest"
_REMOVED = "removed"


def item_key(partition_key: str, key: str, version: int) -> tuple[str, str]:
    """Key of what a version says of an item."""
    return partition_key, f"{_PREFIX}{_encoded(key)}#{version:06}"


def check_item(item: SetItem) -> None:
    """Raises InvalidInput or TooLarge when an item cannot be stored, before anything is written."""
    check_line(item.key, "The key")
    if not item.key.strip() or len(item.key) > KEY_LIMIT:
        raise InvalidInput(f"The key must have 1 to {KEY_LIMIT} characters.", field="key")
    texts = {
        "The input": item.input,
        "The context": item.context,
        "The reference": item.expected_output,
        "The text": item.text,
    }
    for name, text in texts.items():
        if text is not None:
            check_text(text, name)
    if not any((text or "").strip() for text in texts.values()):
        raise InvalidInput("The item is empty: give an input, a text, a context or a reference.", field="input")
    if len(item.tags) > TAGS_LIMIT:
        raise InvalidInput(f"The item has {len(item.tags)} tags; at most {TAGS_LIMIT} are kept.", field="tags")
    for tag in item.tags:
        check_line(tag, "A tag")


def packed(store: Store, partition_key: str, item: SetItem, version: int) -> Item:
    """The store's item, whose long values are stored already.

    Raises:
        InvalidInput, TooLarge: it cannot be stored; the message names the key.
    """
    key = tables.keyed(*item_key(partition_key, item.key, version))
    try:
        check_item(item)
        found, parts = pack(to_item(item, **key, digest=item.digest))
    except InvalidInput as error:
        raise type(error)(f"Item {item.key!r}: {error}", field=error.field) from error
    write_parts(store, partition_key, parts)
    return found


def tombstone(partition_key: str, key: str, version: int) -> Item:
    """What says that a version has the item no more."""
    return to_wire_map({**tables.keyed(*item_key(partition_key, key, version)), _REMOVED: True})


def digests(store: Store, partition_key: str, published: Collection[int], version: int) -> dict[str, str]:
    """`SetItem.digest` by key, of the items of a version. One Query per 1 MB of items."""
    query = _query(partition_key, attributes=(tables.SK, _DIGEST, _REMOVED))
    found = _in_force(store.all(query), published, version)
    return {_key_of(item): item[_DIGEST]["S"] for item in found}


def read_items(
    store: Store, partition_key: str, published: Collection[int], version: int, limit: int, cursor: str | None
) -> Page[SetItem]:
    """One page of a version's items, in the order of their keys (see `Sets.items`)."""
    check_limit(limit)
    after = str(decode_cursor(cursor, {"k": str})["k"]) if cursor else None
    source = store.all(_query(partition_key, after), limit=min(2 * limit + 2, PAGE))
    found = list(islice(_in_force(source, published, version), limit + 1))
    shown = found[:limit]
    parts = read_parts(store, partition_key, set().union(*map(parts_of, shown)))
    items = [from_item(item, SetItem, parts) for item in shown]
    return Page(items, encode_cursor({"k": items[-1].key}) if len(found) > limit else None, len(found))


def read_item(store: Store, partition_key: str, published: Collection[int], version: int, key: str) -> SetItem | None:
    """One item of a version; None when it has no such item. One Query, one more per text over 350 KB."""
    if not 0 < len(key) <= KEY_LIMIT:
        return None
    source = store.all(Query(tables.RUNS, partition_key, prefix=f"{_PREFIX}{_encoded(key)}#"))
    item = next(_in_force(source, published, version), None)
    return from_item(item, SetItem, read_parts(store, partition_key, parts_of(item))) if item else None


def read_digest(store: Store, partition_key: str, published: Collection[int], version: int, key: str) -> str | None:
    """`SetItem.digest` of one item of a version; None when it has no such item. One Query."""
    query = Query(
        tables.RUNS,
        partition_key,
        prefix=f"{_PREFIX}{_encoded(key)}#",
        attributes=(tables.SK, _DIGEST, _REMOVED),
    )
    item = next(_in_force(store.all(query), published, version), None)
    return str(item[_DIGEST]["S"]) if item else None


def numbered(store: Store, partition_key: str, version: int) -> list[tuple[str, str]]:
    """Keys of all that was written for one number. One Query per 1 MB of items."""
    query = _query(partition_key, attributes=(tables.SK,))
    sorts = [item[tables.SK]["S"] for item in store.all(query)]
    return [(partition_key, sort) for sort in sorts if int(sort.rpartition("#")[2]) == version]


def _query(partition_key: str, after: str | None = None, *, attributes: tuple[str, ...] = ()) -> Query:
    low = _PREFIX if after is None else f"{_PREFIX}{_encoded(after)}#~"
    return Query(tables.RUNS, partition_key, low=low, high=_AFTER, attributes=attributes)


def _in_force(source: Iterable[Item], published: Collection[int], version: int) -> Iterator[Item]:
    """Of each key the item of the highest number that the version has, unless that says it is removed."""
    for _, group in groupby(source, key=lambda item: item[tables.SK]["S"].rpartition("#")[0]):
        last: Item | None = None
        for item in group:
            number = int(item[tables.SK]["S"].rpartition("#")[2])
            if number <= version and number in published:
                last = item
        if last is not None and _REMOVED not in last:
            yield last


def _encoded(key: str) -> str:
    """The key without `#`, so that what is written of one item stands together."""
    return key.replace("%", "%25").replace("#", "%23")


def _key_of(item: Item) -> str:
    encoded = item[tables.SK]["S"].removeprefix(_PREFIX).rpartition("#")[0]
    return str(encoded).replace("%23", "#").replace("%25", "%")
