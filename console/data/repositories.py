"""Every repository over one store and one cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from console.data.batches.batches import Batches
from console.data.batches.runs import BatchRuns
from console.data.cache.cache import Cache
from console.data.collections.blocks import Blocks
from console.data.collections.chunks import Chunks
from console.data.collections.collections import Collections
from console.data.collections.outside import Outside
from console.data.collections.reads import VectorReads
from console.data.configuration.calibrations import Calibrations
from console.data.configuration.cases import Cases
from console.data.configuration.catalog import Catalog
from console.data.configuration.judges import Judges
from console.data.configuration.review_plans import ReviewPlans
from console.data.configuration.thresholds import Thresholds
from console.data.documents.documents import Documents
from console.data.runs.embeddings import RunVectors
from console.data.runs.held import HeldRows
from console.data.runs.labels import Labels
from console.data.runs.rollups.rollups import Rollups
from console.data.runs.runs import Runs
from console.data.runs.tags import Tags
from console.data.runs.views import Views
from console.data.sets.experiments import Experiments
from console.data.sets.sets import Sets
from console.data.store import tables
from console.data.store.lists.overlay import LAG
from console.data.store.store import Store
from console.data.store.stream import TableStream
from console.data.users.keys import Keyring
from console.data.users.users import Users
from console.records import ports, utcnow


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """What one process works on; they share its cache."""

    store: Store
    cache: Cache
    catalog: ports.Catalog
    cases: ports.Cases
    judges: ports.Judges
    thresholds: ports.Thresholds
    documents: ports.Documents
    runs: ports.Runs
    newest_runs: ports.NewestRuns
    run_vectors: RunVectors
    rollups: Rollups
    labels: ports.Labels
    calibrations: ports.Calibrations
    review_plans: ports.ReviewPlans
    tags: Tags
    views: Views
    batches: Batches
    batch_runs: BatchRuns
    sets: Sets
    experiments: Experiments
    users: Users
    collections: Collections
    vectors: Chunks
    vector_reads: VectorReads
    outside: Outside

    @classmethod
    def over(
        cls,
        store: Store,
        cache: Cache,
        *,
        lag: float = LAG,
        document_ttl_days: int | None = None,
        id_block: int | None = None,
        keys: Keyring | None = None,
        clock: Callable[[], datetime] = utcnow,
        **more: Any,
    ) -> Self:
        """The repositories over a store.

        Args:
            lag: seconds that this process's own writes are laid over what the indexes answer.
            document_ttl_days: days that documents are kept; None keeps them.
            id_block: ids of runs that this process takes at a time (see `RunIds`).
            keys: of the installation; None: only users that these repositories themselves add are known to them.
            more: the fields that a subclass adds.
        """
        runs = Runs(store, cache, lag=lag, id_block=id_block, clock=clock)
        newest = HeldRows(cache, runs.list, lag=lag)
        runs.recent.followers.append(newest.remember)
        collections, vectors = Collections(store, clock), Chunks(store, clock)
        return cls(
            store=store,
            cache=cache,
            catalog=Catalog(store, cache, clock),
            cases=Cases(store, cache, clock),
            judges=Judges(store, cache, clock),
            thresholds=Thresholds(store, cache),
            documents=Documents(store, cache, ttl_days=document_ttl_days, lag=lag, clock=clock),
            runs=runs,
            newest_runs=newest,
            run_vectors=RunVectors(store, runs),
            rollups=Rollups(store, cache, clock),
            labels=Labels(store, runs.recent, clock),
            calibrations=Calibrations(store),
            review_plans=ReviewPlans(store),
            tags=Tags(store, runs.recent),
            views=Views(store, clock),
            batches=Batches(store, lag=lag, clock=clock),
            batch_runs=BatchRuns(store, runs.recent, clock),
            sets=Sets(store, lag=lag, clock=clock),
            experiments=Experiments(store, lag=lag, clock=clock),
            users=Users(store, keys or Keyring.passing(), clock),
            collections=collections,
            vectors=vectors,
            vector_reads=VectorReads(store, cache, collections, vectors, Blocks(store, cache)),
            outside=Outside(TableStream(store, tables.VECTORS), collections, vectors),
            **more,
        )
