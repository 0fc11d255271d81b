"""Test sets. Storage only; `console.actions.sets` makes them, changes them and runs experiments over them.

A set is a partition of the runs table, `SET#<id>`: its header `SET`, its versions `VERSION#<number>`, its items (see
`console.data.sets.items`) and its experiments (see `console.data.sets.experiments`). The header's `status` is `set`
and its `startedAt` the time of its creation, which puts it into RunsByStatusIndex, and into no list of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice

import msgspec

from console.data.sets.changes import AT_ONCE, BYTES_AT_ONCE, Changed, Tally, check_count, size_of
from console.data.sets.items import digests, numbered, packed, read_digest, read_item, read_items, tombstone
from console.data.sets.keys import NAMED, VERSION, header_key, id_of, numbers_key, version_key
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.bulk import put_all
from console.data.store.codec import Item, check_line, check_text, from_item, to_item
from console.data.store.lists.headers import Headers, header_item
from console.data.store.lists.overlay import LAG
from console.data.store.names import check_name
from console.data.store.partition import delete_partition
from console.data.store.requests import ABSENT, Condition, Put, Query, Update, equals
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound, existing
from console.records import Page, SetItem, SetVersion, TestSet, utcnow

KIND = "set"
_OPEN = Condition("attribute_not_exists(#frozen)", {"#frozen": "frozenOn"})
_NOTE_LIMIT = 1_000


class Sets:
    """Repository of test sets.

    Args:
        lag: seconds that this process's own writes are laid over its lists.
    """

    def __init__(self, store: Store, *, lag: float = LAG, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock
        self._headers = Headers(store, KIND, lambda item: from_item(item, TestSet), lag)

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, set_id: str) -> TestSet:
        """The set as it is now. One GetItem. Raises NotFound."""
        return existing(self._headers.find(header_key(set_id)), NAMED, set_id)

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[TestSet]:
        """Sets, newest first. One Query of RunsByStatusIndex, one BatchGet.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        return self._headers.page(limit, cursor)

    def versions(self, set_id: str) -> Sequence[SetVersion]:
        """Every version, oldest first. One Query. Raises NotFound."""
        partition_key = header_key(set_id)[0]
        found = [
            from_item(item, SetVersion) for item in self._store.all(Query(tables.RUNS, partition_key, prefix=VERSION))
        ]
        if not found:
            raise NotFound(NAMED, set_id)
        return found

    def version(self, set_id: str, number: int | None = None) -> SetVersion:
        """One version; None: the newest. Raises NotFound."""
        found = self.versions(set_id)
        if number is None:
            return found[-1]
        wanted = next((one for one in found if one.number == number), None)
        return existing(wanted, f"version of the test set {set_id}", number)

    def items(
        self, set_id: str, version: int | None = None, *, limit: int = 100, cursor: str | None = None
    ) -> Page[SetItem]:
        """Items of a version (None: the newest), in the order of their keys.

        One Query for the versions, one per 1 MB of items, one more per text over 350 KB.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
            NotFound: there is no such set or version.
        """
        published, number = self._numbers(set_id, version)
        return read_items(self._store, header_key(set_id)[0], published, number, limit, cursor)

    def item(self, set_id: str, key: str, version: int | None = None) -> SetItem:
        """One item of a version (None: the newest). Two Queries. Raises NotFound."""
        published, number = self._numbers(set_id, version)
        return existing(
            read_item(self._store, header_key(set_id)[0], published, number, key), f"item of the test set {set_id}", key
        )

    def digests(self, set_id: str, version: int | None = None) -> dict[str, str]:
        """`SetItem.digest` of every item of a version by key. One Query per 1 MB of items. Raises NotFound."""
        published, number = self._numbers(set_id, version)
        return digests(self._store, header_key(set_id)[0], published, number)

    # --- writing ---------------------------------------------------------------------------------------

    def create(self, name: str, *, by: str, description: str = "", tags: Sequence[str] = ()) -> TestSet:
        """A new set without items. One transaction.

        Raises:
            AlreadyExists: there is a set whose id its name makes.
            InvalidInput: the name, the description or a tag cannot be stored.
        """
        trimmed = check_name(name, NAMED)
        now = self._clock()
        made = TestSet(
            set_id=id_of(trimmed),
            name=trimmed,
            version=1,
            total=0,
            created_on=now,
            created_by=by,
            last_updated_on=now,
            last_updated_by=by,
            description=_checked(description),
            tags=_tags(tags),
        )
        first = SetVersion(number=1, total=0, created_on=now, created_by=by)
        header = _item(made)
        try:
            self._store.transact([Put(tables.RUNS, header, ABSENT), _version_put(made.set_id, first)])
        except ConditionFailed as error:
            raise AlreadyExists(NAMED, trimmed) from error
        self._headers.remember(header)
        return made

    def describe(
        self,
        test_set: TestSet,
        *,
        by: str,
        name: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        baseline: str | None = None,
    ) -> TestSet:
        """Changes what is said of a set; None leaves it, an empty `baseline` removes it. One request, no version.

        Raises:
            ConflictError: somebody has changed the set since it was read.
            InvalidInput: a text cannot be stored.
        """
        changed = msgspec.structs.replace(
            test_set,
            name=test_set.name if name is None else check_name(name, NAMED),
            description=test_set.description if description is None else _checked(description),
            tags=test_set.tags if tags is None else _tags(tags),
            baseline=test_set.baseline if baseline is None else baseline or None,
            last_updated_by=by,
            last_updated_on=self._clock(),
            revision=test_set.revision + 1,
        )
        self._replace(test_set, Put(tables.RUNS, _item(changed), equals("revision", test_set.revision)))
        return changed

    def change(
        self,
        test_set: TestSet,
        items: Iterable[SetItem],
        *,
        by: str,
        removed: Iterable[str] = (),
        others_go: bool = False,
        note: str = "",
        on_saved: Callable[[int], None] | None = None,
    ) -> Changed:
        """Adds and changes items by their keys, and removes some. What is the same is not written.

        A few items go into the newest version in one transaction, or begin a new one where an experiment has used
        it; many make a version of their own, which is seen when it is whole.

        Args:
            items: taken as they are written, so that a long file need not be in memory.
            removed: keys; those that the set does not have are no error.
            others_go: items whose keys do not come are removed: the set becomes what comes.
            on_saved: called with the number of items read so far.

        Returns:
            The set as it is now, and the counts.

        Raises:
            ConflictError: somebody has changed the set since it was read; nothing is changed.
            InvalidInput, TooLarge: an item cannot be stored, or a key comes twice; nothing is changed.
        """
        check_text(note, "The note", limit=_NOTE_LIMIT)
        source, gone = iter(items), list(removed)
        few = list(islice(source, AT_ONCE + 1))
        if not others_go and len(few) + len(gone) <= AT_ONCE and size_of(few) <= BYTES_AT_ONCE:
            return self._change_few(test_set, few, gone, by, note)
        known = self.digests(test_set.set_id)
        tally = Tally(known.get)
        number = self._reserved(test_set)
        partition_key = header_key(test_set.set_id)[0]

        def wire() -> Iterator[Item]:
            for item in tally.new(chain(few, source), on_saved):
                yield packed(self._store, partition_key, item, number)
            for key in tally.gone(known if others_go else gone):
                yield tombstone(partition_key, key, number)

        try:
            put_all(self._store, tables.RUNS, wire())
            if tally.nothing:
                return Changed(test_set, *tally.counts)
            changed, *writes = self._published(test_set, number, tally, by, note)
            self._replace(test_set, *writes)
        except BaseException:
            self._store.batch_delete(tables.RUNS, numbered(self._store, partition_key, number))
            raise
        return Changed(changed, *tally.counts)

    def freeze(self, test_set: TestSet, number: int) -> None:
        """Lets a version stay as it is for good. One transaction; nothing happens where that was done.

        Raises:
            ConflictError: somebody has changed the set since it was read.
            NotFound: there is no such version.
        """
        version = self.version(test_set.set_id, number)
        if version.frozen_on is not None:
            return
        key = version_key(test_set.set_id, number)
        writes: list[Put | Update] = [Update(tables.RUNS, key, {"frozenOn": self._clock()})]
        if number == test_set.version:
            frozen = msgspec.structs.replace(test_set, frozen=True, revision=test_set.revision + 1)
            writes.append(Put(tables.RUNS, _item(frozen), equals("revision", test_set.revision)))
        self._replace(test_set, *writes)

    def delete(self, test_set: TestSet) -> None:
        """Removes a set with its items; runs keep what they judged. One Query per 1 MB, one request per 25 items.

        Raises:
            InvalidInput: it has experiments, which would be lost with it.
        """
        if self._store.page(Query(tables.RUNS, header_key(test_set.set_id)[0], prefix="EXPERIMENT#"), limit=1)[0]:
            raise InvalidInput("The test set has experiments, which would be lost with it. Keep it.", field="set")
        delete_partition(self._store, header_key(test_set.set_id)[0])
        self._headers.forget(*header_key(test_set.set_id))

    # --- inside ----------------------------------------------------------------------------------------

    def _change_few(
        self, seen: TestSet, items: Sequence[SetItem], removed: Sequence[str], by: str, note: str
    ) -> Changed:
        """A change in one transaction; looks up only the items that it is about."""
        partition_key = header_key(seen.set_id)[0]
        published = self._numbers(seen.set_id, None)[0]
        tally = Tally(lambda key: read_digest(self._store, partition_key, published, seen.version, key))
        new, gone = list(tally.new(items)), tally.gone(removed)
        if tally.nothing:
            return Changed(seen, *tally.counts)
        number = self._reserved(seen) if seen.frozen else seen.version
        found = [packed(self._store, partition_key, item, number) for item in new]
        found += [tombstone(partition_key, key, number) for key in gone]
        changed, *writes = self._published(seen, number, tally, by, note)
        self._replace(seen, *(Put(tables.RUNS, item) for item in found), *writes)
        return Changed(changed, *tally.counts)

    def _published(
        self, seen: TestSet, number: int, tally: Tally, by: str, note: str
    ) -> tuple[TestSet, Put, Put | Update]:
        """The set after a change, and the writes by which that is seen."""
        total, now = seen.total + tally.grown, self._clock()
        check_count(total)
        changed = msgspec.structs.replace(
            seen,
            version=number,
            total=total,
            frozen=False,
            revision=seen.revision + 1,
            last_updated_by=by,
            last_updated_on=now,
        )
        header = Put(tables.RUNS, _item(changed), equals("revision", seen.revision))
        if number > seen.version:
            version = SetVersion(number=number, total=total, created_on=now, created_by=by, note=note)
            return changed, header, _version_put(seen.set_id, version)
        sets = {"total": total, **({"note": note} if note else {})}
        return changed, header, Update(tables.RUNS, version_key(seen.set_id, number), sets, condition=_OPEN)

    def _reserved(self, seen: TestSet) -> int:
        """A number above the newest version's that nobody else writes under. One request."""
        while True:
            number = self._store.add(tables.RUNS, numbers_key(seen.set_id), "versions", 1)
            if number > seen.version:
                return number

    def _numbers(self, set_id: str, version: int | None) -> tuple[set[int], int]:
        numbers = {one.number for one in self.versions(set_id)}
        if version is not None and version not in numbers:
            raise NotFound(f"version of the test set {set_id}", version)
        return numbers, version if version is not None else max(numbers)

    def _replace(self, seen: TestSet, *writes: Put | Update) -> None:
        """Writes that hold only while the set is as it was seen."""
        try:
            self._store.transact(writes)
        except ConditionFailed as error:
            now = self.get(seen.set_id)
            raise ConflictError(
                NAMED, now.name, changed_by=now.last_updated_by, changed_on=now.last_updated_on
            ) from error


def _version_put(set_id: str, version: SetVersion) -> Put:
    return Put(tables.RUNS, to_item(version, **tables.keyed(*version_key(set_id, version.number))), ABSENT)


def _item(test_set: TestSet) -> Item:
    return header_item(KIND, header_key(test_set.set_id), test_set)


def _checked(description: str) -> str:
    return check_text(description, "The description", limit=10_000)


def _tags(tags: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(check_line(tag.strip(), "A tag") for tag in tags if tag.strip()))
    if len(found) > 50 or any(len(tag) > 100 for tag in found):
        raise InvalidInput("At most 50 tags of at most 100 characters are kept.", field="tags")
    return found
