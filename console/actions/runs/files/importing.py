"""Imports finished runs from files (see `run_lines` for the neutral form, `summeval` for published results).

Cases, judges, models and metrics are found by name and made when they are not there. A line is imported once: its
`key`, or else its content, is remembered, so that importing a file twice changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from console.actions.runs.files.lines import EXPORTED, CaseLine, JudgeLine, RunLine, read_lines
from console.data.store.codec import check_line
from console.errors import AlreadyExists, InvalidInput
from console.records import Artifact, Case, Judge, Label, Results, Run, RunStatus, Snapshot, Threshold
from console.services import Services

Progress = Callable[[int, int], None]
"""Called with the lines handled so far and their total."""

_CHUNK = 100
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    added: int
    present: int
    """Lines that were imported before."""


def import_runs(
    services: Services, file: Path, *, by: str, progress: Progress = lambda _done, _total: None
) -> Imported:
    """Imports a file of runs. About one transaction per run, eight at a time.

    Raises:
        InvalidInput: the file is neither form, or a line is wrong (names its number): nothing is imported. A score
            outside the range of its case stops the import there; importing again goes on.
    """
    lines = list(read_lines(file))
    owners = _Owners(services, by)
    added = 0
    for start in range(0, len(lines), _CHUNK):
        chunk = {_key(line): line for line in lines[start : start + _CHUNK]}
        taken = services.runs.imported(list(chunk)) | {key for key in chunk if _is_here(services, key)}
        fresh = [(key, line) for key, line in chunk.items() if key not in taken]
        added += _import_chunk(services, owners, fresh, by) if fresh else 0
        progress(min(start + _CHUNK, len(lines)), len(lines))
    services.runs.announce()
    return Imported(added, len(lines) - added)


def _is_here(services: Services, key: str) -> bool:
    """Whether the key of an exported run names a run of this very store."""
    judge_id, _, run_id = key.removeprefix(EXPORTED).rpartition("/")
    if not key.startswith(EXPORTED) or not run_id.isdecimal():
        return False
    found = services.runs.find(int(run_id))
    return found is not None and found.judge_id == judge_id


def _import_chunk(services: Services, owners: _Owners, fresh: list[tuple[str, RunLine]], by: str) -> int:
    first = services.runs.next_ids(len(fresh))
    now = datetime.now(UTC)
    runs = []
    for place, (key, line) in enumerate(fresh):
        judge, case = owners.of(line)
        started = line.started_at or now + timedelta(microseconds=place)
        runs.append((_run(line, judge, case, first + place, started, by), key, _labels(line, first + place, now)))
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        return sum(pool.map(lambda one: services.runs.import_finished(*one), runs))


class _Owners:
    """Finds or makes the case and judge of a line, each once per import."""

    def __init__(self, services: Services, by: str) -> None:
        self._services = services
        self._by = by
        self._known: dict[tuple[str, str], tuple[Judge, Case]] = {}

    def of(self, line: RunLine) -> tuple[Judge, Case]:
        """The judge and the case."""
        names = (line.case.name, line.judge.name)
        if names not in self._known:
            check_line(line.case.name, "The name of the case")
            check_line(line.judge.name, "The name of the judge")
            case = self._case(line.case)
            self._known[names] = self._judge(line.judge, case), case
        return self._known[names]

    def _case(self, wanted: CaseLine) -> Case:
        found = self._services.cases.find_by_name(wanted.name)
        return found or self._services.cases.create(
            name=wanted.name,
            task_introduction=wanted.task_introduction,
            evaluation_criteria=wanted.evaluation_criteria,
            score_range=wanted.score_range,
            requires_reference=wanted.requires_reference,
            threshold=Threshold(score=wanted.threshold),
            by=self._by,
            lenient=True,
        )

    def _judge(self, wanted: JudgeLine, case: Case) -> Judge:
        for judge in self._services.judges.of_case(case.case_id):
            if judge.name == wanted.name and judge.llm.model == wanted.model:
                return judge
        catalog = self._services.catalog
        model = catalog.model_named(wanted.model) or _made(
            lambda: catalog.create_model(wanted.model, wanted.provider, by=self._by),
            lambda: catalog.model_named(wanted.model),
        )
        metric = catalog.metric_named(wanted.metric) or _made(
            lambda: catalog.create_metric(wanted.metric, by=self._by),
            lambda: catalog.metric_named(wanted.metric),
        )
        return self._services.judges.create(
            name=wanted.name, case=case, metric=metric, model=model, parameters=wanted.parameters, by=self._by
        )


def _made(create: Callable[[], Any], find: Callable[[], Any]) -> Any:
    """What `create` makes, or what another import made at the same moment."""
    try:
        return create()
    except AlreadyExists:
        return find()


def _run(line: RunLine, judge: Judge, case: Case, run_id: int, started: datetime, by: str) -> Run:
    run = Run(
        run_id=run_id,
        status=RunStatus.RUNNING,
        started_at=started,
        completed_at=line.completed_at or started,
        judge_id=judge.judge_id,
        case_id=case.case_id,
        judge_snapshot=Snapshot.of(judge, case),
        evaluated_artifact=msgspec.convert(line, Artifact, from_attributes=True),
        error_message=line.error_message,
        item=line.item,
        created_by=by,
    )
    return run.ended(_results(line, case), case.threshold.score)


def _results(line: RunLine, case: Case) -> Results | None:
    if line.error_message is not None:
        return None
    score = line.final_score
    if score is None:
        score = sum(line.all_responses) / len(line.all_responses)
    if not case.score_range.min <= score <= case.score_range.max:
        raise InvalidInput(
            f"A final score of {score:g} is outside the range {case.score_range.min} to {case.score_range.max} of "
            f"the case {case.name!r}. Correct the score, or the case.",
            field="finalScore",
        )
    said = {name: value for name, value in msgspec.structs.asdict(line).items() if name in Results.__struct_fields__}
    return Results(**{**said, "final_score": score, "final_score_normalized": case.score_range.normalise(score)})


def _labels(line: RunLine, run_id: int, now: datetime) -> list[Label]:
    return [
        Label(run_id=run_id, **{**msgspec.structs.asdict(label), "labelled_on": label.labelled_on or now})
        for label in line.labels
    ]


def _key(line: RunLine) -> str:
    return line.key or hashlib.sha256(msgspec.json.encode(line)).hexdigest()
