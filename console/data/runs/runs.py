"""Runs: one execution of one judge over one artifact, with everything it used frozen inside.

A run is an item of its own partition (`RUN#<id>`), so that `get` is one request; long texts continue in sibling
items. It changes only until it is finished; finishing it also counts it in its rollup, in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from console.data.cache.cache import Cache, bump
from console.data.runs.ids import RunIds
from console.data.runs.items import read_run, run_key, summary_of
from console.data.runs.latest import Latest
from console.data.runs.lists import list_places, list_runs
from console.data.runs.neighbours import neighbour
from console.data.runs.puts import check_artifact, check_results, import_key, label_put, run_put
from console.data.runs.rollups import rollups
from console.data.runs.rollups.spread import Spread
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import timestamp, to_wire_map
from console.data.store.lists.overlay import RecentWrites
from console.data.store.partition import parts_of, read_partition
from console.data.store.requests import ABSENT, Condition, Put, Update, Write
from console.data.store.store import Store
from console.errors import ConflictError, InvalidInput, NotFound
from console.records import (
    Artifact,
    Json,
    Label,
    Page,
    Place,
    Results,
    Run,
    RunFilter,
    RunId,
    RunStatus,
    RunSummary,
    Snapshot,
    Spent,
    utcnow,
)

KIND = "run"
_Runs = list[Run]
_Writes = list[Write]
_UNFINISHED = Condition(
    "begins_with(#status, :pending) OR begins_with(#status, :running)",
    {"#status": "status"},
    {":pending": RunStatus.PENDING.value, ":running": RunStatus.RUNNING.value},
)
"""Whatever the shard that the status names."""


class Runs:
    """Repository of runs. Finished runs never change and are cached by bytes."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        *,
        lag: float = 10.0,
        id_block: int | None = None,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock
        self._ids = RunIds(store, id_block)
        self.recent: RecentWrites[RunId, RunSummary] = RecentWrites(lag)
        """Rows of runs as this process wrote them, for every list of runs."""
        self._latest = Latest(store, cache, self.recent, clock)
        self.spread = Spread()
        """Of the counts of finished runs."""

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, run_id: RunId) -> Run:
        """The whole run. From the cache when it is finished, else one Query (one per 1 MB). Raises NotFound."""
        return self._cache.immutable(run_key(run_id), Run, lambda: self._load(run_id), lambda run: run.status.finished)

    def find(self, run_id: RunId) -> Run | None:
        """The whole run, or None. Cost as `get`."""
        try:
            return self.get(run_id)
        except NotFound:
            return None

    def get_many(self, rows: Sequence[Place]) -> _Runs:
        """The whole runs of list rows, in their order; without those that are gone.

        Finished ones from the cache. Of the others, one BatchGet per 100, and one Query for each that has texts over
        350 KB or was written by an earlier system.
        """
        wanted = {run_key(row.run_id): row for row in rows}
        found = self._cache.immutable_many(
            list(wanted),
            Run,
            lambda missing: self._load_many([wanted[key] for key in missing]),
            lambda run: run.status.finished,
        )
        return [found[key] for key in wanted if key in found]

    def list(self, wanted: RunFilter = RunFilter(), *, limit: int = 100, cursor: str | None = None) -> Page[RunSummary]:
        """Runs that match, newest first: one page and the cursor of the next.

        One Query of the most selective index; without a judge, case or day, one per status at the same time.
        Filters beyond the index read on, at most 5,000 rows a page: then the page is short and has a cursor.

        Raises:
            InvalidInput: a bad cursor, or a limit outside 1..1,000.
        """
        if not 1 <= limit <= 1_000:
            raise InvalidInput(f"A page of {limit} runs is not possible; ask for 1 to 1,000.", field="limit")
        return list_runs(self._store, self.recent, wanted, limit, cursor)

    def places(self, judge_id: str | None = None, *, limit: int = 100, cursor: str | None = None) -> Page[Place]:
        """As `list` of all runs, or of those of a judge, and only where they stand: what `get_many` needs."""
        if cursor is None:
            return self._latest.page(judge_id, limit)
        return list_places(self._store, self.recent, judge_id, limit, cursor)

    def neighbour(self, run: Run, wanted: RunFilter = RunFilter(), *, newer: bool) -> RunSummary | None:
        """The next newer (or older) run that matches, or None at the end of the list.

        The run's own start time is its place in the list: one Query of three rows from there, on the index that
        `list` would take (without a judge, case or day, one per status at the same time), however long the list.
        Runs of the same moment go by their id. A filter beyond the index reads on, at most 5,000 rows.
        """
        return neighbour(self._store, self.recent, wanted, run, newer=newer)

    # --- writing ---------------------------------------------------------------------------------------

    def next_ids(self, count: int = 1) -> int:
        """The first of `count` consecutive ids that nobody else gets (see `RunIds.take`)."""
        return self._ids.take(count)

    def last_id(self) -> int:
        """The highest id that was given out; 0 before the first. One request."""
        return self._ids.last()

    def reserve_ids(self, highest: int) -> None:
        """Makes the next ids greater than `highest` (migration). One or two requests."""
        self._ids.reserve(highest)

    def create(
        self,
        snapshot: Snapshot,
        artifact: Artifact,
        *,
        by: str,
        status: RunStatus = RunStatus.PENDING,
        document_id: str | None = None,
    ) -> Run:
        """A new run. One request for the id, one for the run, more for texts over 350 KB.

        Raises:
            TooLarge: a text is over 10 MB; nothing was written.
            InvalidInput: a text has a broken character.
        """
        check_artifact(artifact)
        run = Run(
            run_id=self.next_ids(),
            status=status,
            started_at=self._clock(),
            judge_id=snapshot.judge_id,
            case_id=snapshot.case_id,
            judge_snapshot=snapshot,
            evaluated_artifact=artifact,
            document_id=document_id,
            created_by=by,
        )
        put = self._put(run, first=True)
        try:
            self._store.write(put)
        except ConditionFailed as error:
            raise ConflictError(KIND, str(run.run_id), changed_by="another process", changed_on=None) from error
        self.recent.remember(run.run_id, summary_of(run))
        return run

    def start(self, run: Run) -> Run:
        """Marks a pending run as running. One request. Raises ConflictError when it is finished already."""
        running = msgspec.structs.replace(run, status=RunStatus.RUNNING)
        update = Update(
            tables.RUNS,
            (run_key(run.run_id), timestamp(run.started_at)),
            sets={"status": RunStatus.RUNNING.value + self._store.layout.suffix(run.run_id)},
            condition=_UNFINISHED,
        )
        try:
            self._store.write(update)
        except ConditionFailed as error:
            raise self._finished_already(run.run_id) from error
        self.recent.remember(run.run_id, summary_of(running))
        return running

    def complete(self, run: Run, results: Results, *, threshold: float, metadata: Json | None = None) -> Run:
        """Finishes a run with its results and its verdict. One transaction with the rollup.

        Args:
            threshold: the normalised threshold in force now; the verdict is against it, for ever.

        Raises:
            ConflictError: the run is finished already.
            InvalidInput: a score is not a finite number.
        """
        check_results(results)
        kept = metadata if metadata is not None else run.metadata
        ended = run.ended(results, threshold)
        return self._finish(msgspec.structs.replace(ended, completed_at=self._clock(), metadata=kept))

    def fail(self, run: Run, message: str, *, spent: Spent | None = None) -> Run:
        """Finishes a run without a score. One transaction with the rollup. Raises ConflictError as `complete`.

        Args:
            spent: what its calls took all the same.
        """
        return self._finish(
            msgspec.structs.replace(
                run, status=RunStatus.FAILED, completed_at=self._clock(), error_message=message, spent=spent
            )
        )

    def imported(self, keys: Sequence[str]) -> set[str]:
        """Which of these import keys are taken. One request per 100 keys."""
        found = self._store.batch_get(tables.RUNS, [import_key(key) for key in keys])
        return {item["importKey"]["S"] for item in found}

    def import_finished(self, run: Run, key: str, labels: Sequence[Label] = ()) -> bool:
        """Stores a run that was finished elsewhere, with its labels, once for each `key`. One transaction.

        Call `announce` after the last one.

        Returns:
            False when a run was imported with this key before; then nothing is written.

        Raises:
            ConflictError: another run has the id; nothing was written.
        """
        check_artifact(run.evaluated_artifact)
        lock = to_wire_map({**tables.keyed(*import_key(key)), "importKey": key, "runId": run.run_id})
        put = self._put(run, first=True, labels=labels)
        writes = [Put(tables.RUNS, lock, ABSENT), put, *map(label_put, labels)]
        row, layout = summary_of(run, labels), self._store.layout
        try:
            self._store.transact(lambda conflicts: [*writes, rollups.increment(row, conflicts, self.spread, layout)])
        except ConditionFailed as error:
            if 0 in error.failed:
                return False
            raise ConflictError(KIND, str(run.run_id), changed_by="another process", changed_on=None) from error
        self.recent.remember(run.run_id, row)
        return True

    def import_many(self, runs: Sequence[Run]) -> None:
        """Stores runs as they are and counts the finished ones, all or none. One transaction.

        Call `announce` after the last ones.

        Args:
            runs: so few that they and their rollups are at most 100 items and 4 MB.

        Raises:
            ConditionFailed: one of them is there.
        """
        finished = [summary_of(run) for run in runs if run.status.finished]
        puts, layout = [self._put(run, first=True) for run in runs], self._store.layout
        self._store.transact(lambda conflicts: [*puts, *rollups.increments(finished, conflicts, self.spread, layout)])

    def replace_unfinished(self, run: Run) -> None:
        """Puts a finished run in the place of an unfinished one of its id and start. One transaction.

        Raises ConflictError as `complete`.
        """
        self._finish(run)

    def announce(self) -> None:
        """Tells every process that rollups of earlier days have changed. One request."""
        self._store.write(bump(tables.RUNS, self._store.layout.token_suffix()))
        self._cache.changed(tables.RUNS)

    # --- inside ----------------------------------------------------------------------------------------

    def _load(self, run_id: RunId) -> Run:
        items, parts = read_partition(self._store, run_key(run_id))
        for item in items:
            if "judgeSnapshot" in item:
                return read_run(item, parts)
        raise NotFound(KIND, run_id)

    def _load_many(self, rows: Sequence[Place]) -> dict[str, Run]:
        keys = [(run_key(row.run_id), timestamp(row.started_at)) for row in rows]
        items = self._store.batch_get(tables.RUNS, keys)
        found = {item[tables.PK]["S"]: read_run(item) for item in items if not parts_of(item)}
        for row in rows:
            key = run_key(row.run_id)
            if key not in found:
                with suppress(NotFound):
                    found[key] = self._load(row.run_id)
        return found

    def _put(self, run: Run, *, first: bool, labels: Sequence[Label] = ()) -> Put:
        return run_put(self._store, run, ABSENT if first else _UNFINISHED, labels)

    def _finish(self, run: Run) -> Run:
        put, layout = self._put(run, first=False), self._store.layout
        row, closed = summary_of(run), rollups.is_closed(run.run_date, self._clock().date())

        def writes(conflicts: int) -> _Writes:
            token = [bump(tables.RUNS, layout.token_suffix())] if closed else []  # readers keep days that are closed
            return [put, rollups.increment(row, conflicts, self.spread, layout), *token]

        try:
            self._store.transact(writes)
        except ConditionFailed as error:
            raise self._finished_already(run.run_id) from error
        self.recent.remember(run.run_id, row)
        if closed:
            self._cache.changed(tables.RUNS)
        return run

    def _finished_already(self, run_id: RunId) -> ConflictError | NotFound:
        found = self.find(run_id)
        if found is None:
            return NotFound(KIND, run_id)
        return ConflictError(KIND, str(run_id), changed_by=found.created_by, changed_on=found.completed_at)
