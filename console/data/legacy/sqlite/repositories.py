"""The repositories over the old system's SQLite schema: what the old schema can say works, the rest says what to do."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from console.data.batches.batches import Batches
from console.data.batches.runs import BatchRuns
from console.data.collections.chunks import Chunks
from console.data.collections.collections import Collections
from console.data.collections.reads import VectorReads
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.stored_runs import NoCalibrations, NoLabels, NoReviewPlans
from console.data.legacy.sqlite.unserved import unserved
from console.data.repositories import Repositories
from console.data.runs.embeddings import RunVectors
from console.data.runs.held import ReadRows
from console.data.runs.rollups.rollups import Rollups
from console.data.runs.tags import Tags
from console.data.runs.views import Views
from console.data.sets.experiments import Experiments
from console.data.sets.sets import Sets
from console.data.store.store import Store

R = TypeVar("R", bound=Repositories)


def on_the_old_schema(repositories: R, manager: DatabaseManager) -> R:
    """The same, with records in the old database; people stay where they are."""
    records = manager.records
    return dataclasses.replace(
        repositories,
        store=unserved(Store, "Tables"),
        catalog=records.catalog,
        cases=records.cases,
        judges=records.judges,
        documents=records.documents,
        runs=records.runs,
        newest_runs=ReadRows(records.runs.list),
        labels=NoLabels(),
        calibrations=NoCalibrations(),
        review_plans=NoReviewPlans(),
        tags=unserved(Tags, "Tags"),
        views=unserved(Views, "Saved views"),
        thresholds=records.thresholds,
        rollups=unserved(Rollups, "Statistics"),
        batches=unserved(Batches, "Batches"),
        batch_runs=unserved(BatchRuns, "Batches"),
        sets=unserved(Sets, "Test sets"),
        experiments=unserved(Experiments, "Experiments"),
        run_vectors=unserved(RunVectors, "Similar runs"),
        collections=unserved(Collections, "Collections"),
        vectors=unserved(Chunks, "Collections"),
        vector_reads=unserved(VectorReads, "Similarity searches"),
    )
