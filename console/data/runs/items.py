"""Run <-> item: the whole run, and the summary attributes that the run indexes project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from console.data.store import tables
from console.data.store.codec import Item, aware, from_plain, plain_map, read_timestamp, timestamp, to_item, to_wire_map
from console.records import PREVIEW, RATERS_NAMED, Drawn, Label, Run, RunId, RunPlace, RunStatus, RunSummary, Split

SPREAD_BINS = 10
_BRIEF = tuple(
    name for name in RunSummary.__struct_encode_fields__ if name not in {"runId", "startedAt", *tables.RUN_SUMMARY}
)
"""What a list row says beside its keys and the attributes that all indexes have."""
LABELLED_BRIEF = ("drawn", "raters", "ratedBy", "split", "labelScores")
"""What labels say there."""
KEYS = ("status", "judgeId", "caseId", "runDate", "labelledCaseId")
"""Keys of indexes that many runs share; the status alone changes without the others."""
SUFFIX = "suffix"
"""In `brief`, or beside the keys of an item of an earlier system: what the keys end with."""
_ROW = frozenset({tables.PK, tables.SK, *tables.RUN_SUMMARY})


def run_key(run_id: RunId) -> str:
    """Partition key of a run, its parts and its labels."""
    return f"RUN#{run_id}"


def run_item(run: Run) -> Item:
    """The item of a run: its fields, its keys and its summary."""
    summary = to_item(summary_of(run))
    brief = {name: summary.pop(name) for name in _BRIEF if name in summary}
    keys = to_wire_map(
        {
            tables.PK: run_key(run.run_id),
            tables.SK: timestamp(run.started_at),
            "runDate": run.run_date.isoformat(),
        }
    )
    return {**summary, **to_item(run), **keys, "brief": {"M": brief}}


def spread_keys(item: Item, suffix: str) -> Item:
    """A run's item whose keys in the indexes end with `suffix`, which it also says; as it is without one."""
    if not suffix:
        return item
    keys = {name: {"S": item[name]["S"] + suffix} for name in KEYS if name in item}
    if "brief" in item:
        return {**item, **keys, "brief": {"M": {**item["brief"]["M"], SUFFIX: {"S": suffix}}}}
    return {**item, **keys, SUFFIX: {"S": suffix}}


def gathered_keys(item: Item) -> Item:
    """A run's item, or its entry in an index, whose keys are as they were before `spread_keys`."""
    status: str = item["status"]["S"] if "status" in item else ""
    if "~" in status:
        item = {**item, "status": {"S": status[: status.index("~")]}}
    brief = item["brief"]["M"] if "brief" in item else {}
    found = brief.get(SUFFIX) or item.get(SUFFIX)
    if found is None:
        return item
    keys = {name: {"S": item[name]["S"].removesuffix(found["S"])} for name in KEYS if name in item}
    rest = {name: value for name, value in item.items() if name not in (SUFFIX, "brief")}
    kept = {"brief": {"M": {name: value for name, value in brief.items() if name != SUFFIX}}} if brief else {}
    return {**rest, **keys, **kept}


def summary_of(run: Run, labels: Sequence[Label] = ()) -> RunSummary:
    """The list row of a run."""
    told = told_by(labels)
    snapshot, results = run.judge_snapshot, run.results
    return RunSummary(
        run_id=run.run_id,
        started_at=run.started_at,
        status=run.status,
        evaluation_status=run.evaluation_status,
        judge_id=run.judge_id,
        case_id=run.case_id,
        judge_name=snapshot.judge_name,
        judge_version=snapshot.version,
        case_name=snapshot.case_name,
        metric_name=snapshot.metric.type,
        model_name=snapshot.llm.model,
        model_provider=snapshot.llm.type,
        final_score=results.final_score if results else None,
        final_score_normalized=results.final_score_normalized if results else None,
        total_tokens=run.token_usage.total if run.token_usage else None,
        execution_time_seconds=results.execution_time_seconds if results else None,
        cost=run.cost,
        spread=spread(run),
        label_score=told.score,
        label_passed=told.passed,
        drawn=told.drawn,
        raters=told.raters,
        rated_by=list(told.names),
        split=told.split,
        label_scores=list(told.scores),
        preview=run.evaluated_artifact.evaluation_target[:PREVIEW],
        error=(run.error_message or "").strip().split("\n")[0][:PREVIEW] or None,
        threshold=run.judged_threshold,
        batch_id=run.batch_id,
        created_by=run.created_by,
        completed_at=run.completed_at,
        document_id=run.document_id,
        created_on=run.created_on,
        scoring_mode=results.scoring_mode if results else "",
        captured=results.captured if results else None,
        case_version=snapshot.case_version,
        artifact_digest=run.evaluated_artifact.digest,
        item=run.item,
    )


def spread(run: Run) -> list[int]:
    """Responses in ten equal bins over the score range, 0..9 high; empty without responses.

    Log-probability mass when the judge gave it, else counts of the responses.
    """
    if run.results is None:
        return []
    weighted = [(float(score), mass) for score, mass in run.results.distribution.items()]
    weighted = weighted or [(score, 1.0) for score in run.results.all_responses]
    bins = [0.0] * SPREAD_BINS
    for score, mass in weighted:
        place = int(run.judge_snapshot.score_range.normalise(score) * SPREAD_BINS)
        bins[min(max(place, 0), SPREAD_BINS - 1)] += mass
    tallest = max(bins, default=0.0)
    return [round(9 * mass / tallest) for mass in bins] if tallest else []


class Told(NamedTuple):
    """What the labels of a run say together."""

    score: float | None = None
    """The mean, on the case's scale."""
    passed: bool | None = None
    drawn: Drawn | None = None
    raters: int | None = None
    names: tuple[str, ...] = ()
    """Of the first `RATERS_NAMED` of them."""
    split: Split | None = None
    scores: tuple[float, ...] = ()
    """The lowest and the highest of the opinions, where they differ."""


def told_by(labels: Sequence[Label]) -> Told:
    """The mean of the scores and the verdict of most people (of two that differ, the latest); one who decides wins.

    A run whose label was drawn with a known probability stays one, whoever labels it by hand beside that.
    """
    given = sorted((one for one in labels if one.score is not None or one.passed is not None), key=_moment)
    deciding = [one for one in given if one.adjudicates][-1:] or given
    scores = [one.score for one in deciding if one.score is not None]
    verdicts = [one.passed for one in deciding if one.passed is not None]
    opinions = [one for one in given if not one.adjudicates]
    drawn = [one.drawn for one in given if one.drawn]
    known = [one for one in drawn if one.known]
    return Told(
        score=sum(scores) / len(scores) if scores else None,
        passed=_majority(verdicts),
        drawn=next(iter(sorted(known, key=_of_one_judge) or drawn), None),
        raters=len(given) or None,
        names=tuple(one.labelled_by for one in given[:RATERS_NAMED]),
        split=_split(opinions, decided=len(opinions) < len(given)),
        scores=_ends([one.score for one in opinions if one.score is not None]),
    )


def _split(opinions: Sequence[Label], *, decided: bool) -> Split | None:
    said = [one.passed for one in opinions if one.passed is not None]
    scores = {one.score for one in opinions if one.score is not None}
    if decided and (len(set(said)) > 1 or len(scores) > 1):
        return Split.DECIDED
    if len(set(said)) < 2:
        return None
    return Split.TIED if 2 * sum(said) == len(said) else Split.DIFFER


def _ends(scores: Sequence[float]) -> tuple[float, ...]:
    return (min(scores), max(scores)) if len(set(scores)) > 1 else ()


def _of_one_judge(drawn: Drawn) -> bool:
    return drawn.frame is not None and drawn.frame.judge_id is not None


def _moment(label: Label) -> datetime:
    return label.labelled_on


def _majority(verdicts: Sequence[bool]) -> bool | None:
    passes = sum(verdicts)
    if 2 * passes == len(verdicts):
        return verdicts[-1] if verdicts else None
    return 2 * passes > len(verdicts)


def label_attributes(labels: Sequence[Label], case_id: str) -> dict[str, Any]:
    """What labels add to the run item beside its `brief`: they put it into the sparse LabelledRunsIndex."""
    told = told_by(labels)
    return {
        "labelledCaseId": case_id,
        "labelScore": told.score,
        "labelPassed": told.passed,
        "labelCount": len(labels),
    }


def label_brief(labels: Sequence[Label]) -> dict[str, Any]:
    """What labels add to the `brief` of the run item."""
    told = told_by(labels)
    said = {
        "drawn": told.drawn and msgspec.to_builtins(told.drawn, builtin_types=(datetime,)),
        "raters": told.raters,
        "ratedBy": list(told.names) or None,
        "split": told.split and told.split.value,
        "labelScores": list(told.scores) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def tags_of(item: Item) -> list[str]:
    """The tags that a run's item says, whole or only its `brief`."""
    brief = item["brief"]["M"] if "brief" in item else {}
    return list(plain_map({"tags": brief["tags"]})["tags"]) if "tags" in brief else []


def run_summary(item: Item) -> RunSummary:
    """A list row from an index entry, or from a whole item of an earlier system.

    Of a whole item that has a summary only that is read: the long texts beside it may be elsewhere.
    """
    item = gathered_keys(item)
    plain = plain_map({name: item[name] for name in item if name in _ROW} if "brief" in item else item)
    if "judgeSnapshot" in plain and "judgeName" not in plain:
        plain = _with_summary(plain)
    brief = plain.pop("brief", None) or {}
    return from_plain({**plain, **brief, "runId": run_id_of(plain), "startedAt": _started(plain)}, RunSummary)


PLACE = (tables.PK, tables.SK, "createdOn", "brief.createdOn")
"""Attributes of an index entry that tell it: a tenth of the bytes of a row."""


def run_place(item: Item) -> RunPlace:
    """The place of an index entry."""
    plain = plain_map(item)
    created = (plain.get("brief") or plain).get("createdOn")
    return RunPlace(run_id_of(plain), read_timestamp(_started(plain)), read_timestamp(created) if created else None)


def read_run(item: Item, parts: dict[str, bytes] | None = None) -> Run:
    """A run from its item, also from one that an earlier system wrote; without its embedding."""
    item = gathered_keys(item)
    plain = plain_map({name: item[name] for name in item if name != tables.VECTOR_ATTRIBUTE}, parts)
    results = plain.get("results")
    if results is not None and "metadata" in results:
        plain.setdefault("metadata", results["metadata"])
    plain["startedAt"] = _started(plain)
    plain["runId"] = run_id_of(plain)
    snapshot = plain["judgeSnapshot"]
    for ref in (snapshot["metric"], snapshot["llm"]):
        ref.setdefault("id", "")
    return from_plain(plain, Run)


def run_id_of(plain: dict[str, Any]) -> RunId:
    """The run's id, read off its partition key."""
    text: str = plain[tables.PK].removeprefix("RUN#")
    return int(text) if text.isdecimal() else text


def _started(plain: dict[str, Any]) -> str:
    return aware(plain[tables.SK])


def _with_summary(plain: dict[str, Any]) -> dict[str, Any]:
    """Summary attributes for an item that was written without them."""
    snapshot, results = plain["judgeSnapshot"], plain.get("results") or {}
    artifact = plain.get("evaluatedArtifact") or {}
    return {
        "judgeName": snapshot.get("judgeName"),
        "judgeVersion": snapshot.get("version", ""),
        "caseName": snapshot.get("caseName", ""),
        "caseVersion": snapshot.get("caseVersion", ""),
        "metricName": snapshot["metric"].get("type", ""),
        "modelName": snapshot["llm"].get("model", ""),
        "modelProvider": snapshot["llm"].get("type", ""),
        "finalScore": results.get("finalScore"),
        "finalScoreNormalized": results.get("finalScoreNormalized"),
        "totalTokens": (results.get("tokenUsage") or {}).get("total"),
        "executionTimeSeconds": results.get("executionTimeSeconds"),
        "preview": (artifact.get("evaluationTarget") or "")[:PREVIEW],
        **plain,
        "status": plain.get("status", RunStatus.PENDING),
    }
