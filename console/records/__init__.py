"""Every domain record: read this first.

- base: what all records share; ids, JSON, time, pages of lists
- catalog: metrics, and models with their prices
- cases: evaluation scenarios; their scale, threshold, versions and threshold history
- judges: one model, one metric and parameters, specialised for one case
- documents: stored texts that runs can be made from
- runs: a run with the snapshot, artifact and results inside it, and human labels
- run_lists: rows of run lists, and the filter of a list
- run_views: filters that people keep under a name
- batches: many runs submitted together, row by row
- sets: test sets and their experiments
- rollups: counts and sums of finished runs
- search: collections, chunks and hits
- people: users and roles

Records are immutable. Their fields are `snake_case` here and `camelCase` in the store and in exports.
Datetimes are aware and UTC. Scores are on the case's scale; *normalised* scores are 0..1.
A record never holds a score that was not obtained: `Results` exists only on completed runs.
"""

from console.records.base import PREVIEW, Json, Page, Record, RunId, pages, utcnow
from console.records.batches import Batch, BatchRow, BatchState, NewRow, RowResult, RowState
from console.records.calibrations import Calibration, Reliable
from console.records.cases import STEPS, Case, CaseFields, Example, ScoreRange, Threshold, ThresholdChange, pinned_steps
from console.records.catalog import Metric, Model, Prices, TokenUsage
from console.records.collections import (
    Chunk,
    ChunkChange,
    Collection,
    CollectionDocument,
    NewChunk,
    SearchHit,
    StreamPosition,
    VectorPart,
)
from console.records.documents import Document, DocumentSummary
from console.records.judges import EvaluationParameters, Judge, LlmRef, MetricRef, judge_parameters
from console.records.people import Role, User
from console.records.reviews import ReviewPlan
from console.records.rollups import BINS, NO_SCORES, STATED_MODES, WEIGHTED_MODES, Rollup, bin_of
from console.records.run_lists import (
    LOW_CAPTURED,
    RATERS_NAMED,
    UNCERTAIN_MARGIN,
    Place,
    RunFilter,
    RunPlace,
    RunSummary,
    Split,
)
from console.records.run_views import RunView
from console.records.runs import (
    Artifact,
    Drawn,
    Frame,
    ItemRef,
    Label,
    Results,
    Run,
    RunStatus,
    Selection,
    Snapshot,
    Spent,
    Verdict,
)
from console.records.sets import Experiment, JudgedBy, SetItem, SetVersion, TestSet
