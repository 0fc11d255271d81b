"""What the repositories of versioned records share: reading, the cache, and how a write finds out that it lost.

The numbers, conditions and switches of versions are in `versions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from console.data.cache.cache import LIST_TTL, Cache, bump
from console.data.configuration import versions
from console.data.configuration.versions import V
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item
from console.data.store.requests import Put, Query, Update, Write
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, NotFound, existing

_Many = list[V]
_Writes = list[Write]


@dataclass(frozen=True, slots=True)
class Kind(Generic[V]):
    """How one kind of record is stored."""

    name: str
    table: str
    active_index: str
    """`active` / creation: the versions in force, and the others."""
    marker: str
    """An attribute of every version that nothing else in its partition has."""
    listed: type[list[V]]
    read: Callable[[Item], V]
    id_of: Callable[[V], str]


class VersionedRecords(Generic[V]):
    """Reads of versioned records, cached until one of them changes anywhere (`Cache.config`)."""

    def __init__(self, kind: Kind[V], store: Store, cache: Cache, clock: Callable[[], datetime]) -> None:
        self._kind = kind
        self._store = store
        self._cache = cache
        self._clock = clock

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, record_id: str) -> V:
        """The version in force. From the cache, else one Query over the versions. Raises NotFound."""
        return existing(self.find(record_id), self._kind.name, record_id)

    def find(self, record_id: str) -> V | None:
        """The version in force, or None. From the cache, else one Query over the versions."""
        return versions.active_of(self.versions(record_id))

    def current(self, record_id: str) -> V:
        """The version in force as the table has it now, not the cache. One Query. Raises NotFound."""
        return self._based_on(self._versions(record_id), record_id, None)

    def versions(self, record_id: str) -> _Many[V]:
        """Every version, newest first. From the cache, else one Query."""
        return self._cached(record_id, lambda: self._versions(record_id))

    def version(self, record_id: str, version: str) -> V:
        """One version by number. Cost as `versions`. Raises NotFound."""
        return versions.pick(self.versions(record_id), self._kind.name, record_id, version)

    def list(self) -> _Many[V]:
        """Every active record: newest first, in order of creation within one second.

        Cached; else one Query of the index of active ones per 1 MB, then the table for what it may lag behind.
        """
        return self._cached("list", self._list, ttl=LIST_TTL)

    def list_inactive(self) -> _Many[V]:
        """The newest version of every record that is out of use, in the order of `list`.

        Cached; else one Query of the index per 1 MB of versions that are not in force, those of records in use
        included, beside what `list` costs.
        """
        return self._cached("inactive", self._list_inactive, ttl=LIST_TTL)

    # --- writing ---------------------------------------------------------------------------------------

    def activate(self, record_id: str, version: str, *, by: str) -> V:
        """Puts a version in force instead of the one that is, if any. One Query and one transaction."""
        known = self._versions(record_id)
        wanted = versions.pick(known, self._kind.name, record_id, version)
        if wanted.active:
            return wanted
        writes: _Writes = [bump(self._kind.table)]
        current, latest = versions.active_of(known), max(known, key=lambda one: one.revision)
        if current:
            writes.append(self._switch(current, to=False, by=by, revision=current.revision))
        switch = self._switch(wanted, to=True, by=by, revision=latest.revision + 1, now=self._after(known))
        self._apply([*writes, *self._put_in_force(wanted, current or latest, switch)], record_id, name=wanted.name)
        return self.get(record_id)

    def deactivate(self, record_id: str, *, by: str, revision: int | None = None) -> None:
        """Takes the record out of use; its versions, runs and name stay. One Query and one transaction.

        Raises:
            ConflictError: the record is no longer at `revision`.
            NotFound: no version is in force.
        """
        current = self._based_on(self._versions(record_id), record_id, revision)
        switch = self._switch(current, to=False, by=by, revision=current.revision + 1)
        self._apply([switch, bump(self._kind.table)], record_id)

    # --- inside ----------------------------------------------------------------------------------------

    def _cached(self, key: str, load: Callable[[], _Many[V]], *, ttl: float | None = None) -> _Many[V]:
        return self._cache.config(self._kind.table, key, self._kind.listed, load, ttl=ttl)

    def _versions(self, record_id: str) -> _Many[V]:
        items = self._store.all(Query(self._kind.table, record_id))
        return versions.newest_first([self._kind.read(item) for item in items if self._kind.marker in item])

    def _indexed(self, *, active: bool) -> _Many[V]:
        query = Query(self._kind.table, versions.flag(active), index=self._kind.active_index)
        return [self._kind.read(item) for item in self._store.all(query)]

    def _list(self) -> _Many[V]:
        return self._with_recent(self._indexed(active=True))

    def _list_inactive(self) -> _Many[V]:
        id_of = self._kind.id_of
        found = versions.newest_of_each(self._indexed(active=False), id_of)
        for record_id in self._cache.recent(self._kind.table):
            found |= {id_of(one): one for one in self.versions(record_id)[:1]}
        used = {id_of(one) for one in self.list()}
        return versions.creation_order([one for one in found.values() if id_of(one) not in used])

    def _with_recent(self, listed: _Many[V]) -> _Many[V]:
        """Active records as an index has them, with what changed lately as the table has it."""
        found = {self._kind.id_of(one): one for one in listed}
        for record_id in self._cache.recent(self._kind.table):
            current = self.find(record_id)
            if current:
                found[record_id] = current
            else:
                found.pop(record_id, None)
        return versions.creation_order([*found.values()])

    def _based_on(self, known: _Many[V], record_id: str, revision: int | None) -> V:
        """The version in force; raises NotFound without one, and ConflictError when it is not at `revision`."""
        current = versions.active_of(known)
        if current is None or revision not in (None, current.revision):
            self._cache.changed(self._kind.table, record_id)  # what is remembered is old
        if current is None:
            raise NotFound(self._kind.name, record_id)
        if revision is not None and current.revision != revision:
            raise versions.conflict(self._kind.name, record_id, known)
        return current

    def _until_saved(self, record_id: str, revision: int | None, write: Callable[[_Many[V]], V]) -> V:
        """What `write` made of the versions; anew when somebody else saved in between and no `revision` was named."""
        while True:
            try:
                return write(self._versions(record_id))
            except ConflictError:
                if revision is not None:
                    raise

    def _put_in_force(self, wanted: V, latest: V, switch: Update) -> _Writes:
        """The writes that put `wanted` in force; `latest` is the version that was, or the last that was written."""
        del wanted, latest
        return [switch]

    def _after(self, known: _Many[V]) -> datetime:
        """Now, and later than any change, so that entries of a record's history are unique and ordered."""
        return max(self._clock(), max(one.last_updated_on for one in known) + datetime.resolution)

    def _switch(self, one: V, *, to: bool, by: str, revision: int, now: datetime | None = None) -> Update:
        return versions.switch(
            self._kind.table,
            self._kind.id_of(one),
            one.version,
            to=to,
            condition=versions.unchanged(one.revision, active=one.active),
            by=by,
            now=now or self._clock(),
            revision=revision,
        )

    def _apply(self, writes: _Writes, record_id: str, *, name: str | None = None) -> None:
        """One transaction. Raises AlreadyExists when the `name` that it claims is taken, else ConflictError."""
        try:
            self._store.transact(writes)
        except ConditionFailed as error:
            self._cache.changed(self._kind.table, record_id)
            claims = {place for place, write in enumerate(writes) if _is_claim(write)}
            if claims & set(error.failed):
                raise AlreadyExists(self._kind.name, name or "") from error
            raise versions.conflict(self._kind.name, record_id, self._versions(record_id)) from error
        self._cache.changed(self._kind.table, record_id)


def _is_claim(write: Write) -> bool:
    return isinstance(write, Put) and write.item[tables.PK]["S"].startswith("NAME#")
