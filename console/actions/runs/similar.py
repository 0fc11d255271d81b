"""Finding runs by what was judged: an embedding per finished run, nearest runs, and groups of failing ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from console.actions.permissions import permit
from console.actions.runs.labelled import read_rows
from console.data.runs.embeddings import EXAMINED
from console.data.store.tables import RUNS
from console.errors import ConsoleError, InvalidInput
from console.judging.windows import embed_whole, how_embedded
from console.records import Role, Run, RunFilter, RunStatus, RunSummary, User, Verdict, pages
from console.search.maps import clusters
from console.services import Services
from console.telemetry import traced

T = TypeVar("T")
Progress = Callable[[int, int], None]
log = logging.getLogger(__name__)

EMBEDDER = "minilm"
"""Of runs, always: their vector index has one number of dimensions, and it needs no network."""
BATCH = 32
_ALIKE = 1e-3
"""Numbers of two vectors of one text."""
CLUSTERED = 1_000
"""Failing runs that are grouped at most: the newest."""


class NearRun(msgspec.Struct, frozen=True):
    """A run that was found."""

    row: RunSummary
    similarity: float
    """1 - cosine distance, -1..1."""


class Group(msgspec.Struct, frozen=True):
    """Failing runs with texts alike."""

    words: list[str]
    """What sets its texts apart from the other groups', most telling first."""
    rows: list[RunSummary]
    """The nearest to the middle of the group first."""
    similarity: float
    """Mean similarity of its runs to the middle."""


class Point(msgspec.Struct, frozen=True):
    """A failing run on the map."""

    row: RunSummary
    x: float
    y: float
    group: int
    """Place in `FailingRuns.groups`."""


class FailingRuns(msgspec.Struct, frozen=True):
    """What the page of failing runs shows."""

    groups: list[Group]
    """The largest first."""
    points: list[Point]
    without: int
    """Failing runs that have no embedding, and so are in no group."""
    more: bool
    """There are older failing runs than those that were grouped."""


# --- embeddings ------------------------------------------------------------------------------------------


def embed_finished(services: Services, runs: Sequence[Run]) -> int:
    """Gives finished runs their embedding where the settings want one; how many got one.

    An embedding is derived and can be made later (`embed_missing`): a failure here is logged, and the runs stand.
    """
    if not services.settings.embeds_runs:
        return 0
    try:
        return sum(_embed(services, group) for group in _groups(runs))
    except ConsoleError as error:
        log.warning("%d runs were left without an embedding (`embed runs` makes them): %s", len(runs), error)
        return 0


@traced
def embed_missing(
    services: Services,
    actor: User,
    wanted: RunFilter = RunFilter(),
    *,
    progress: Progress | None = None,
) -> int:
    """Gives finished runs that have no embedding one, newest first; how many got one. Safe to repeat and to stop.

    Args:
        progress: called with the runs examined and those embedded so far.
    """
    permit(actor, Role.EVALUATOR)

    def embed(rows: list[RunSummary]) -> int:
        missing = services.run_vectors.without(rows)
        return sum(_embed(services, services.runs.get_many(group)) for group in _groups(missing))

    return _by_pages(services, wanted, embed, progress)


@traced
def embed_again(
    services: Services,
    actor: User,
    wanted: RunFilter = RunFilter(),
    *,
    progress: Progress | None = None,
) -> int:
    """Embeds the runs anew whose texts are beyond the embedder's window and were cut off by an earlier version.

    How many got another embedding; safe to repeat and to stop. Reads each run that has one, and writes those that
    change.

    Args:
        progress: called with the runs examined and those embedded so far.
    """
    permit(actor, Role.EVALUATOR)

    def embed(rows: list[RunSummary]) -> int:
        known = services.run_vectors.of(rows)
        groups = _groups([row for row in rows if row.run_id in known])
        found = (run for group in groups for run in services.runs.get_many(group))
        long = (run for run in found if how_embedded(run.evaluated_artifact.evaluation_target))
        return sum(_embed_other(services, run, known[run.run_id]) for run in long)

    return _by_pages(services, wanted, embed, progress)


def _by_pages(
    services: Services, wanted: RunFilter, embed: Callable[[list[RunSummary]], int], progress: Progress | None
) -> int:
    """How many of the finished runs of a filter `embed` gave an embedding, a page of the list at a time."""
    examined = embedded = 0
    for page in pages(lambda cursor: services.runs.list(wanted, limit=200, cursor=cursor)):
        embedded += embed([row for row in page.items if row.status.finished])
        examined += len(page.items)
        if progress:
            progress(examined, embedded)
    return embedded


def revision(services: Services) -> int:
    """The state of the runs: another number after a run was written. At most one request a second."""
    return services.cache.token(RUNS)


def embed_failing(services: Services, wanted: RunFilter, progress: Progress | None = None) -> int:
    """Gives the newest failing runs of a filter the embeddings that they lack; how many got one.

    Anybody may: an embedding follows from the run, and somebody waits for it.

    Args:
        progress: called with the runs embedded so far and those that lacked an embedding.
    """
    if not services.settings.embeds_runs:
        return 0
    rows, _ = _failing(services, wanted)
    missing = services.run_vectors.without(rows)
    embedded = 0
    for group in _groups(missing):
        embedded += _embed(services, services.runs.get_many(group))
        if progress:
            progress(embedded, len(missing))
    return embedded


def _groups(things: Sequence[T]) -> Iterator[list[T]]:
    """Lists of at most `BATCH` in a row."""
    rest = iter(things)
    return iter(lambda: list(islice(rest, BATCH)), [])


def _embed(services: Services, runs: Iterable[Run]) -> int:
    kept = [run for run in runs if run.status.finished and run.evaluated_artifact.evaluation_target.strip()]
    if not kept:
        return 0
    vectors = embed_whole(services.embedder(EMBEDDER), [run.evaluated_artifact.evaluation_target for run in kept])
    return sum(services.run_vectors.put(run, vector) for run, vector in zip(kept, vectors, strict=True))


def _embed_other(services: Services, run: Run, known: NDArray[np.float32]) -> bool:
    """Gives a run its embedding where what it has is another one."""
    (vector,) = embed_whole(services.embedder(EMBEDDER), [run.evaluated_artifact.evaluation_target])
    return not np.allclose(known, vector, atol=_ALIKE) and services.run_vectors.put(run, vector)


def examined(services: Services) -> int | None:
    """How many of the newest runs of a case a search looks at; None where it looks at all of them."""
    return None if services.run_vectors.has_index() else EXAMINED


# --- searching -------------------------------------------------------------------------------------------


def nearest_to_run(services: Services, run: Run, k: int = 5) -> list[NearRun]:
    """The failing runs of the case whose texts are nearest to this one's, itself left out. Two or three requests."""
    text = run.evaluated_artifact.evaluation_target
    found = nearest_to_text(services, text, [run.case_id], k + 1, verdict=Verdict.FAIL)
    return [one for one in found if one.row.run_id != run.run_id][:k]


def nearest_to_text(
    services: Services, text: str, case_ids: Sequence[str], k: int = 20, *, verdict: Verdict | None = None
) -> list[NearRun]:
    """The runs whose texts are nearest to a text, nearest first. Two requests per case.

    Raises:
        InvalidInput: the text is empty, or k is not 1..100.
    """
    if not text.strip():
        raise InvalidInput("Give a text to compare the runs with.", field="text")
    if not 1 <= k <= 100:
        raise InvalidInput(f"{k} runs are not possible; ask for 1 to 100.", field="k")
    vector = embed_whole(services.embedder(EMBEDDER), [text])[0]
    found = [
        NearRun(row=row, similarity=similarity)
        for case_id in case_ids
        for row, similarity in services.run_vectors.nearest(case_id, vector, k, verdict)
    ]
    return sorted(found, key=lambda one: -one.similarity)[:k]


def group_failing(services: Services, wanted: RunFilter) -> FailingRuns:
    """The newest failing runs of a filter in groups of texts alike. One list, and one request per 100 runs."""
    rows, more = _failing(services, wanted)
    vectors = services.run_vectors.of(rows)
    known = [row for row in rows if row.run_id in vectors]
    if not known:
        return FailingRuns(groups=[], points=[], without=len(rows), more=more)
    found = clusters.group([vectors[row.run_id] for row in known], [row.preview for row in known])
    groups = [
        Group(words=one.words, rows=[known[place] for place in one.members], similarity=one.similarity)
        for one in found.groups
    ]
    placed = {place: index for index, one in enumerate(found.groups) for place in one.members}
    points = [
        Point(row=row, x=float(x), y=float(y), group=placed[place])
        for place, (row, (x, y)) in enumerate(zip(known, found.positions, strict=True))
    ]
    return FailingRuns(groups=groups, points=points, without=len(rows) - len(known), more=more)


def _failing(services: Services, wanted: RunFilter) -> tuple[list[RunSummary], bool]:
    failing = msgspec.structs.replace(wanted, status=RunStatus.COMPLETED, verdict=Verdict.FAIL)
    rows, complete = read_rows(services, failing, CLUSTERED)
    return rows, not complete
