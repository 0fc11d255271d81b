"""Batches: many runs submitted together, resumable by any process. Storage only; a worker runs them.

A batch is a partition of the runs table: its header `BATCH#<id>` / `BATCH` and its rows. The header is written
last, so that a batch that can be seen is whole. Its `status` is `batch` and its `startedAt` the time of its
creation, which puts it into RunsByStatusIndex. The judge's id has a name of its own there: as `judgeId` it would
put the batch among the runs of the judge.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from console.data.batches.rows import read_numbered, read_rows, write_rows
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, check_text, from_plain, plain_map
from console.data.store.lists.headers import Headers, header_item
from console.data.store.lists.overlay import LAG
from console.data.store.names import check_name
from console.data.store.packing import ITEM_BUDGET, item_size
from console.data.store.partition import delete_partition
from console.data.store.requests import ABSENT, PRESENT, Condition, Put, Update, equals, one_of
from console.data.store.store import Store
from console.errors import BatchTaken, InvalidInput, NotFound, TooLarge, existing
from console.records import Artifact, Batch, BatchRow, BatchState, Json, NewRow, Page, RowState, utcnow

KIND = "batch"
_Rows = list[BatchRow]
_SORT = "BATCH"
_ID = re.compile(r"[!-~]{1,200}")
_JUDGE = "batchJudgeId"
_UNFINISHED = one_of("state", [state.value for state in BatchState if state is not BatchState.FINISHED])


class Batches:
    """Repository of batches.

    Args:
        lag: seconds that this process's own writes are laid over its lists.
    """

    def __init__(self, store: Store, *, lag: float = LAG, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock
        self._headers = Headers(store, KIND, _read, lag)

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, batch_id: str) -> Batch:
        """The batch with its counts as they are now. One GetItem. Raises NotFound."""
        return existing(self._headers.find(header_key(batch_id)), KIND, batch_id)

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[Batch]:
        """Batches with their counts as they are now, newest first. One Query of RunsByStatusIndex, one BatchGet.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        return self._headers.page(limit, cursor)

    def rows(
        self, batch_id: str, state: RowState | None = None, *, limit: int = 100, cursor: str | None = None
    ) -> Page[BatchRow]:
        """Rows in the order of the input. One Query per 1 MB; one more per row with a text over 350 KB.

        Args:
            state: only rows in this state; the others are read past.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        return read_rows(self._store, header_key(batch_id)[0], state, limit, cursor)

    def numbered(self, batch_id: str, numbers: Sequence[int]) -> _Rows:
        """The rows with these numbers, in the order asked for; without those that there are not.

        One BatchGet per 100; one Query more per row with a text over 350 KB.
        """
        return read_numbered(self._store, header_key(batch_id)[0], numbers)

    # --- writing ---------------------------------------------------------------------------------------

    def create(
        self,
        name: str,
        judge_id: str,
        artifacts: Iterable[Artifact | NewRow],
        *,
        by: str,
        settings: Json | None = None,
        experiment_id: str | None = None,
        on_saved: Callable[[int], None] | None = None,
    ) -> Batch:
        """A new batch, up to 100,000 rows. One request per 25 rows and one for the header.

        Args:
            artifacts: taken as they are written, so that a long file need not be in memory.
            settings: what the worker needs to know.
            on_saved: called with the number of rows saved so far.

        Raises:
            InvalidInput: the name or a row cannot be stored, or there are no rows. Nothing is left behind.
            UnsavedItems: the store kept refusing rows. What was written cannot be seen.
        """
        batch_id = str(uuid.uuid4())
        trimmed = check_name(name, KIND)
        check_text(judge_id, "The judge's id", limit=200)
        partition_key = header_key(batch_id)[0]
        try:
            total = write_rows(self._store, partition_key, batch_id, artifacts, on_saved)
            if total == 0:
                raise InvalidInput("The batch has no rows. Give at least one.")
            batch = Batch(
                batch_id=batch_id,
                name=trimmed,
                judge_id=judge_id,
                state=BatchState.READY,
                total=total,
                created_on=self._clock(),
                created_by=by,
                settings=settings or {},
                experiment_id=experiment_id,
            )
            item = _item(batch)
        except InvalidInput:
            delete_partition(self._store, partition_key)
            raise
        self._store.write(Put(tables.RUNS, item, ABSENT))
        self._headers.remember(item)
        return batch

    def set_state(self, batch_id: str, state: BatchState, *, note: str = "") -> Batch:
        """Moves the batch on. Two requests.

        Args:
            note: why, where somebody will ask.

        Raises:
            NotFound: there is no such batch.
            InvalidInput: it is finished, and stays so.
        """
        condition = PRESENT if state is BatchState.FINISHED else _UNFINISHED
        try:
            self._change(batch_id, condition, state=state.value, note=note)
        except ConditionFailed as error:
            _must_exist(error, batch_id)
            raise InvalidInput(
                "The batch is finished. Make a new one for what should run again.", field="state"
            ) from error
        return self.get(batch_id)

    # --- the lease -------------------------------------------------------------------------------------

    def claim(self, batch_id: str, owner: str, seconds: float, *, instead_of: str | None = None) -> Batch:
        """Gives the batch to a worker until then: when it is free, lapsed or the worker's already. Two requests.

        Args:
            instead_of: a worker that is known to be dead: its lease need not lapse.

        Raises:
            BatchTaken: another worker has it.
            NotFound: there is no such batch.
        """
        free = Condition(
            "attribute_exists(#pk) AND (attribute_not_exists(#own) OR #own IN (:own, :dead) OR #until <= :now)",
            {"#pk": tables.PK, "#own": "leaseOwner", "#until": "leaseUntil"},
            {":own": owner, ":dead": instead_of or owner, ":now": self._clock()},
        )
        return self._lease(batch_id, owner, seconds, free)

    def extend(self, batch_id: str, owner: str, seconds: float) -> Batch:
        """Prolongs the worker's lease; the answer tells whether the batch was cancelled. Two requests.

        A lease that lapsed can be prolonged as long as nobody has claimed the batch.

        Raises:
            BatchTaken: the worker does not have the batch any more.
            NotFound: there is no such batch.
        """
        return self._lease(batch_id, owner, seconds, equals("leaseOwner", owner))

    def release(self, batch_id: str, owner: str) -> None:
        """Gives the batch back; nothing happens when the worker does not have it. One request.

        Raises:
            NotFound: there is no such batch.
        """
        mine = equals("leaseOwner", owner)
        removes = ("leaseOwner", "leaseUntil")
        try:
            self._store.write(Update(tables.RUNS, header_key(batch_id), removes=removes, condition=mine))
        except ConditionFailed as error:
            _must_exist(error, batch_id)

    # --- inside ----------------------------------------------------------------------------------------

    def _lease(self, batch_id: str, owner: str, seconds: float, condition: Condition) -> Batch:
        until = self._clock() + timedelta(seconds=seconds)
        try:
            self._change(batch_id, condition, leaseOwner=owner, leaseUntil=until)
        except ConditionFailed as error:
            holder = _read(_must_exist(error, batch_id))
            raise BatchTaken(batch_id, owner=holder.lease_owner, until=holder.lease_until) from error
        return self.get(batch_id)

    def _change(self, batch_id: str, condition: Condition, **sets: Any) -> None:
        self._store.write(Update(tables.RUNS, header_key(batch_id), sets, condition=condition))


def header_key(batch_id: str) -> tuple[str, str]:
    """Key of a batch's header. Raises NotFound for what cannot be an id."""
    if not _ID.fullmatch(batch_id):
        raise NotFound(KIND, batch_id)
    return f"BATCH#{batch_id}", _SORT


def _must_exist(error: ConditionFailed, batch_id: str) -> Item:
    return existing(error.items[0], KIND, batch_id)


def _item(batch: Batch) -> Item:
    item = header_item(KIND, header_key(batch.batch_id), batch)
    item[_JUDGE] = item.pop("judgeId")
    if item_size(item) > ITEM_BUDGET:
        raise TooLarge("The settings of the batch are too long. Shorten them.", field="settings")
    return item


def _read(item: Item) -> Batch:
    plain = plain_map(item)
    return from_plain({**plain, "judgeId": plain[_JUDGE]}, Batch)
