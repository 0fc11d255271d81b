"""Cases: versioned evaluation scenarios with unique names and a threshold that moves without a new version."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Unpack

import msgspec

from console.data.cache.cache import Cache, bump
from console.data.configuration import thresholds, versions
from console.data.configuration.case_items import KIND, TEXTS, case_item, check_case, read_case, threshold_attributes
from console.data.configuration.versioned import Kind, VersionedRecords
from console.data.store import names, tables
from console.data.store.answers import ConditionFailed
from console.data.store.requests import ABSENT, Put, Update, Write
from console.data.store.store import Store
from console.errors import AlreadyExists
from console.records import Case, CaseFields, Threshold, utcnow

_Cases = list[Case]
_Writes = list[Write]
_EDITABLE = frozenset({"name", "score_range", "requires_reference", "threshold", "metadata", *TEXTS})
_STORED = Kind(
    name=KIND,
    table=tables.CASES,
    active_index=tables.ACTIVE_CASES,
    marker="caseId",
    listed=_Cases,
    read=read_case,
    id_of=lambda case: case.case_id,
)


class Cases(VersionedRecords[Case]):
    """Repository of cases. Reads are cached until a case changes anywhere (`Cache.config`)."""

    def __init__(self, store: Store, cache: Cache, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(_STORED, store, cache, clock)

    # --- reading ---------------------------------------------------------------------------------------

    def find_by_name(self, name: str) -> Case | None:
        """The active case of that name, letter case aside. One request for the lock, then as `find`.

        A case that an earlier system wrote has no lock until it is renamed: without one also as `list`.
        """
        wanted = names.folded(name.strip())
        lock = self._store.get(tables.CASES, *names.lock_key(KIND, wanted))
        if lock:
            return self.find(lock["owner"]["S"])
        listed = (self.find(case.case_id) for case in self.list() if names.folded(case.name) == wanted)
        return next((case for case in listed if case and names.folded(case.name) == wanted), None)

    # --- writing ---------------------------------------------------------------------------------------

    def create(
        self, *, by: str, reason: str = "Initial threshold", lenient: bool = False, **fields: Unpack[CaseFields]
    ) -> Case:
        """A new case at version 1.0 with the first entry of its threshold history. One transaction.

        Args:
            lenient: accept what the old API accepted: any name, empty texts, any ends of the scale.

        Raises:
            AlreadyExists: another case has the name, letter case aside.
            InvalidInput: a field is empty, too long or out of range.
        """
        now = self._clock()
        case = Case(
            case_id=str(uuid.uuid4()),
            version="1.0",
            active=True,
            created_on=now,
            created_by=by,
            last_updated_on=now,
            last_updated_by=by,
            **fields,
        )
        return self.add(case, reason=reason, lenient=lenient)

    def add(self, case: Case, *, reason: str, lenient: bool = False) -> Case:
        """Stores a first version as it is (see `create`). One transaction."""
        case = check_case(case, lenient=lenient)
        first = thresholds.change(
            case.case_id, case.threshold, None, by=case.created_by, now=case.created_on, reason=reason
        )
        case = msgspec.structs.replace(case, threshold_id=first.threshold_id)
        writes: _Writes = [
            names.claim(tables.CASES, KIND, names.folded(case.name), case.case_id),
            Put(tables.CASES, case_item(case), ABSENT),
            thresholds.record(first),
            bump(tables.CASES),
        ]
        try:
            self._store.transact(writes)
        except ConditionFailed as error:
            raise AlreadyExists(KIND, case.name) from error
        self._cache.changed(tables.CASES, case.case_id)
        return case

    def update(
        self,
        case_id: str,
        changes: dict[str, Any],
        *,
        by: str,
        revision: int | None = None,
        reason: str = "",
        lenient: bool = False,
    ) -> Case:
        """Writes a new version with `changes`; a rename moves the name's lock. One Query and one transaction.

        Args:
            changes: field name of `Case` -> new value; only fields that a person may edit.
            revision: the revision that the edit was based on. None takes whatever is there, and starts
                again when somebody else saves in between.

        Raises:
            ConflictError: the case is no longer at `revision`.
            AlreadyExists: another case has the new name.
            InvalidInput: a field is not editable, or its value is not allowed.
        """
        versions.check_editable(changes, _EDITABLE, KIND)
        return self._until_saved(
            case_id, revision, lambda known: self._write_version(known, case_id, changes, by, revision, reason, lenient)
        )

    def set_threshold(
        self, case_id: str, threshold: Threshold, *, by: str, reason: str, revision: int | None = None
    ) -> Case:
        """Moves the threshold: no new version, one entry in the history. One Query and one transaction.

        Raises:
            ConflictError: the case is no longer at `revision`.
            InvalidInput: the threshold is outside 0..1.
        """
        thresholds.check_threshold(threshold.score)

        def move(known: _Cases) -> Case:
            current = self._based_on(known, case_id, revision)
            now = self._after(known)
            entry = thresholds.change(case_id, threshold, current.threshold.score, by=by, now=now, reason=reason)
            moved = msgspec.structs.replace(
                current,
                threshold=threshold,
                threshold_id=entry.threshold_id,
                revision=current.revision + 1,
                last_updated_on=now,
                last_updated_by=by,
            )
            update = Update(
                tables.CASES,
                (case_id, current.version),
                sets={
                    **threshold_attributes(moved),
                    "revision": moved.revision,
                    "lastUpdatedOn": now,
                    "lastUpdatedBy": by,
                },
                condition=versions.unchanged(current.revision),
            )
            self._apply([update, thresholds.record(entry), bump(tables.CASES)], case_id)
            return moved

        return self._until_saved(case_id, revision, move)

    # --- inside ----------------------------------------------------------------------------------------

    def _put_in_force(self, wanted: Case, latest: Case, switch: Update) -> _Writes:
        """The threshold stays as it is: it belongs to the case, and moves only with an entry in the history."""
        kept = replace(switch, sets=switch.sets | threshold_attributes(latest))
        return [*self._renamed(latest, wanted), kept]

    def _write_version(
        self,
        known: _Cases,
        case_id: str,
        changes: dict[str, Any],
        by: str,
        revision: int | None,
        reason: str,
        lenient: bool,
    ) -> Case:
        current = self._based_on(known, case_id, revision)
        now = self._after(known)
        edited = check_case(
            msgspec.structs.replace(
                current,
                **changes,
                version=versions.next_version(known),
                revision=current.revision + 1,
                last_updated_on=now,
                last_updated_by=by,
            ),
            lenient=lenient,
        )
        writes: _Writes = [self._switch(current, to=False, by=by, revision=current.revision), bump(tables.CASES)]
        if "threshold" in changes:
            entry = thresholds.change(case_id, edited.threshold, current.threshold.score, by=by, now=now, reason=reason)
            edited = msgspec.structs.replace(edited, threshold_id=entry.threshold_id)
            writes.append(thresholds.record(entry))
        writes.append(Put(tables.CASES, case_item(edited), ABSENT))
        writes += self._renamed(current, edited)
        self._apply(writes, case_id, name=edited.name)
        return edited

    def _renamed(self, before: Case, after: Case) -> _Writes:
        old, new = names.folded(before.name), names.folded(after.name)
        if old == new:
            return []
        return [
            names.release(tables.CASES, KIND, old, before.case_id),
            names.claim(tables.CASES, KIND, new, before.case_id),
        ]
