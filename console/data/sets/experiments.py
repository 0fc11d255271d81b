"""Experiments: items `EXPERIMENT#<number>` in the partition of their test set; their runs are those of their batches.

An experiment's id is the set's with its number behind it. Its `status` is `experiment` and its `startedAt` the time of
its beginning, which puts it into RunsByStatusIndex, and into no list of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from console.data.sets.keys import header_key, numbers_key
from console.data.store import tables
from console.data.store.codec import from_item
from console.data.store.lists.cursor import check_limit, decode_cursor, encode_cursor
from console.data.store.lists.headers import Headers, header_item
from console.data.store.lists.overlay import LAG
from console.data.store.names import check_name
from console.data.store.packing import ITEM_BUDGET, item_size
from console.data.store.requests import ABSENT, Put, Query
from console.data.store.store import PAGE, Store
from console.errors import NotFound, TooLarge, existing
from console.records import Experiment, Json, JudgedBy, Page, TestSet, utcnow

KIND = "experiment"
_PREFIX = "EXPERIMENT#"


class Experiments:
    """Repository of experiments.

    Args:
        lag: seconds that this process's own writes are laid over its lists.
    """

    def __init__(self, store: Store, *, lag: float = LAG, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock
        self._headers = Headers(store, KIND, lambda item: from_item(item, Experiment), lag)

    def get(self, experiment_id: str) -> Experiment:
        """One experiment. One GetItem. Raises NotFound."""
        return existing(self._headers.find(_key(experiment_id)), KIND, experiment_id)

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[Experiment]:
        """Experiments of all sets, newest first. One Query of RunsByStatusIndex, one BatchGet.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        return self._headers.page(limit, cursor)

    def of_set(self, set_id: str, limit: int = 100, cursor: str | None = None) -> Page[Experiment]:
        """Experiments of a set, newest first. One Query.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        check_limit(limit)
        before = int(decode_cursor(cursor, {"n": int})["n"]) if cursor else 1_000_000
        query = Query(
            tables.RUNS,
            header_key(set_id)[0],
            low=_PREFIX,
            high=f"{_PREFIX}{min(max(before - 1, 0), 999_999):06}",
            forward=False,
        )
        items, more = self._store.page(query, limit=min(limit, PAGE))
        found = [from_item(item, Experiment) for item in items]
        return Page(found, encode_cursor({"n": _number(found[-1].experiment_id)}) if more and found else None)

    def next_id(self, test_set: TestSet) -> str:
        """An id for a new experiment over a set, which nobody else gets. One request."""
        number = self._store.add(tables.RUNS, numbers_key(test_set.set_id), "experiments", 1)
        return f"{test_set.set_id}-{number}"

    def create(
        self,
        experiment_id: str,
        test_set: TestSet,
        *,
        version: int,
        name: str,
        judges: Sequence[JudgedBy],
        total: int,
        rows: int,
        by: str,
        source: str | None = None,
        metadata: Json | None = None,
    ) -> Experiment:
        """Stores an experiment whose batches are there. One request.

        Raises:
            InvalidInput: the name or the metadata cannot be stored.
        """
        made = Experiment(
            experiment_id=experiment_id,
            set_id=test_set.set_id,
            set_name=test_set.name,
            set_version=version,
            name=check_name(name, KIND),
            judges=list(judges),
            total=total,
            rows=rows,
            created_on=self._clock(),
            created_by=by,
            source=source,
            metadata=metadata or {},
        )
        item = header_item(KIND, _key(experiment_id), made)
        if item_size(item) > ITEM_BUDGET:
            raise TooLarge("The metadata of the experiment are too long. Shorten them.", field="metadata")
        self._store.write(Put(tables.RUNS, item, ABSENT))
        self._headers.remember(item)
        return made


def _key(experiment_id: str) -> tuple[str, str]:
    """Key of an experiment. Raises NotFound for what cannot be an id."""
    set_id, _, number = experiment_id.rpartition("-")
    if not number.isascii() or not number.isdigit() or len(number) > 6 or number.startswith("0"):
        raise NotFound(KIND, experiment_id)
    try:
        return header_key(set_id)[0], f"{_PREFIX}{int(number):06}"
    except NotFound as error:
        raise NotFound(KIND, experiment_id) from error


def _number(experiment_id: str) -> int:
    return int(experiment_id.rpartition("-")[2])
