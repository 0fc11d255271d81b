"""Embeddings of finished runs, as the attribute `embedding` of the run's item, and the runs nearest to a vector.

The vector index of the runs table answers within one case and, if asked, one verdict. Where the engine has no such
index, the newest runs of the case are compared one by one. A run's embedding is derived from its text: it may be
missing, and is never in a `Run`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import orjson
from numpy.typing import NDArray

from console.data.collections.items import read_numbers
from console.data.collections.native_index import LIMIT, VectorSearch
from console.data.runs.items import run_id_of, run_key, run_summary
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, timestamp
from console.data.store.requests import PRESENT, Update
from console.data.store.store import Store
from console.errors import IndexUnavailable
from console.records import Page, Run, RunFilter, RunId, RunSummary, Verdict

log = logging.getLogger(__name__)
Vector = NDArray[np.float32]
Near = tuple[RunSummary, float]
"""A run and its similarity."""
EXAMINED = 1_000
"""Newest runs of a case that are compared where there is no vector index."""
_MARK = "embedded"


class RunVectors:
    """Repository of the embeddings of runs: float32[384], L2-normalised."""

    def __init__(self, store: Store, runs: Runs) -> None:
        self._store = store
        self._runs = runs
        self._index = VectorSearch(store, tables.RUNS)

    def put(self, run: Run | RunSummary, vector: Vector) -> bool:
        """Stores the embedding of a finished run. One request. False when the run is gone."""
        numbers = orjson.loads(orjson.dumps(np.ascontiguousarray(vector), option=orjson.OPT_SERIALIZE_NUMPY))
        key = (run_key(run.run_id), timestamp(run.started_at))
        try:
            self._store.write(
                Update(tables.RUNS, key, {tables.VECTOR_ATTRIBUTE: numbers, _MARK: True}, condition=PRESENT)
            )
        except ConditionFailed:
            return False
        return True

    def without(self, rows: Sequence[RunSummary]) -> list[RunSummary]:
        """Those that have no embedding. One request per 100."""
        found = self._read(rows, (tables.PK, _MARK))
        return [row for row in rows if row.run_id in found and _MARK not in found[row.run_id]]

    def of(self, rows: Sequence[RunSummary]) -> dict[RunId, Vector]:
        """The embeddings that exist, by run. One request per 100."""
        vectors = {}
        for run_id, item in self._read(rows, (tables.PK, tables.VECTOR_ATTRIBUTE)).items():
            numbers = read_numbers(item, tables.VECTOR_ATTRIBUTE)
            if numbers is not None and len(numbers) == tables.VECTOR_DIMENSIONS:
                vectors[run_id] = np.array(numbers, dtype=np.float32)
        return vectors

    def nearest(self, case_id: str, vector: Vector, k: int, verdict: Verdict | None = None) -> list[Near]:
        """Runs of a case by similarity (1 - cosine distance, -1..1), nearest first.

        One request to the vector index and one for the rows. Without an index, or when it cannot be searched: the
        list of the `EXAMINED` newest matching runs, and one request per 100 of them.
        """
        count = min(k, LIMIT)
        if self.has_index():
            try:
                return self._search(case_id, vector, count, verdict)
            except IndexUnavailable as error:
                log.warning("%s Comparing the newest runs instead.", error)
        return self._compare(case_id, vector, count, verdict)

    def has_index(self) -> bool:
        """Whether the vector index of runs can be searched. One request at first, again after a minute if not."""
        return self._index.is_active()

    # --- inside ----------------------------------------------------------------------------------------

    def _search(self, case_id: str, vector: Vector, k: int, verdict: Verdict | None) -> list[Near]:
        only = verdict.value if verdict else None
        groups = [case_id + suffix for suffix in self._store.layout.suffixes]
        with ThreadPoolExecutor(max_workers=len(groups)) as pool:
            parts = pool.map(lambda group: self._index.nearest(group, vector, k, only), groups)
            found = sorted((one for part in parts for one in part), key=lambda one: one[1])[:k]
        keys = [(item[tables.PK]["S"], item[tables.SK]["S"]) for item, _ in found]
        items = self._store.batch_get(tables.RUNS, keys, attributes=(tables.PK, tables.SK, *tables.RUN_SUMMARY))
        rows = {item[tables.PK]["S"]: run_summary(item) for item in items}
        return [(rows[key], 1.0 - distance) for (key, _), (_, distance) in zip(keys, found, strict=True) if key in rows]

    def _compare(self, case_id: str, vector: Vector, k: int, verdict: Verdict | None) -> list[Near]:
        page: Page[RunSummary] = self._runs.list(RunFilter(case_id=case_id, verdict=verdict), limit=EXAMINED)
        found = self.of(page.items)
        if not found:
            return []
        rows = [row for row in page.items if row.run_id in found]
        similarity = np.stack([found[row.run_id] for row in rows]) @ vector
        return sorted(zip(rows, similarity.tolist(), strict=True), key=lambda one: -one[1])[:k]

    def _read(self, rows: Sequence[RunSummary], attributes: tuple[str, ...]) -> dict[RunId, Item]:
        keys = [(run_key(row.run_id), timestamp(row.started_at)) for row in rows]
        items = self._store.batch_get(tables.RUNS, keys, attributes=attributes)
        return {run_id_of({tables.PK: item[tables.PK]["S"]}): item for item in items}
