"""Judges: versioned; one model, one metric and parameters, specialised for one case."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from console.data.cache.cache import LIST_TTL, Cache, bump
from console.data.configuration import versions
from console.data.configuration.versioned import Kind, VersionedRecords
from console.data.store import names, tables
from console.data.store.codec import Item, check_text, from_plain, plain_map, to_item
from console.data.store.packing import ITEM_BUDGET, item_size
from console.data.store.requests import ABSENT, Put, Query, Write
from console.data.store.store import Store
from console.errors import TooLarge
from console.records import Case, Json, Judge, LlmRef, Metric, MetricRef, Model, judge_parameters, utcnow

KIND = "judge"
_EDITABLE = frozenset({"name", "description", "llm", "metric", "parameters", "evaluation_parameters"})
_Judges = list[Judge]
_Writes = list[Write]


class Judges(VersionedRecords[Judge]):
    """Repository of judges. Reads are cached until a judge, model or metric changes (`Cache.config`)."""

    def __init__(self, store: Store, cache: Cache, clock: Callable[[], datetime] = utcnow) -> None:
        stored = Kind(
            name=KIND,
            table=tables.JUDGES,
            active_index=tables.ACTIVE_JUDGES,
            marker="llm",
            listed=_Judges,
            read=read_judge,
            id_of=lambda judge: judge.judge_id,
        )
        super().__init__(stored, store, cache, clock)

    # --- reading ---------------------------------------------------------------------------------------

    def of_case(self, case_id: str) -> _Judges:
        """The active judges of a case. Cached; else one Query of JudgesByCaseIndex."""
        return self._cached(f"case:{case_id}", lambda: self._of_case(case_id), ttl=LIST_TTL)

    # --- writing ---------------------------------------------------------------------------------------

    def create(
        self,
        *,
        name: str | None,
        case: Case,
        metric: Metric,
        model: Model,
        parameters: Json,
        by: str,
        description: str | None = None,
        configuration: Json | None = None,
    ) -> Judge:
        """A new judge at version 1.0. One transaction.

        Args:
            parameters: any JSON object; what has a column is read off it, all of it is kept exactly.
            configuration: of the metric.
        """
        now = self._clock()
        llm, asks = judge_parameters(parameters, llm_ref(model))
        return self.add(
            Judge(
                judge_id=str(uuid.uuid4()),
                version="1.0",
                active=True,
                name=name,
                description=description,
                case_id=case.case_id,
                case_name=case.name,
                metric=metric_ref(metric, configuration),
                llm=llm,
                evaluation_parameters=asks,
                parameters=parameters,
                created_on=now,
                created_by=by,
                last_updated_on=now,
                last_updated_by=by,
            )
        )

    def add(self, judge: Judge) -> Judge:
        """Stores a first version as it is (see `create`). One transaction."""
        self._apply([Put(tables.JUDGES, judge_item(judge), ABSENT), bump(tables.JUDGES)], judge.judge_id)
        return judge

    def update(self, judge_id: str, changes: dict[str, Any], *, by: str, revision: int | None = None) -> Judge:
        """Writes a new version with `changes`. One Query and one transaction.

        Args:
            changes: field name of `Judge` -> new value. `parameters` replaces all of them, and the typed
                columns follow it; `llm` given beside it chooses the model.
            revision: the revision that the edit was based on; None as in `Cases.update`.

        Raises:
            ConflictError: the judge is no longer at `revision`.
            InvalidInput: a field is not editable, or its value is not allowed.
        """
        versions.check_editable(changes, _EDITABLE, KIND)
        return self._until_saved(
            judge_id, revision, lambda known: self._write_version(known, judge_id, changes, by, revision)
        )

    # --- inside ----------------------------------------------------------------------------------------

    def _of_case(self, case_id: str) -> _Judges:
        query = Query(
            tables.JUDGES, case_id, index=tables.JUDGES_BY_CASE, low=versions.flag(True), high=versions.flag(True)
        )
        found = self._with_recent([read_judge(item) for item in self._store.all(query)])
        return [judge for judge in found if judge.case_id == case_id]

    def _write_version(
        self, known: _Judges, judge_id: str, changes: dict[str, Any], by: str, revision: int | None
    ) -> Judge:
        current = self._based_on(known, judge_id, revision)
        edited = msgspec.structs.replace(
            current,
            **changes,
            version=versions.next_version(known),
            revision=current.revision + 1,
            last_updated_on=self._after(known),
            last_updated_by=by,
        )
        if "parameters" in changes:
            llm, asks = judge_parameters(edited.parameters, edited.llm)
            edited = msgspec.structs.replace(edited, llm=llm, evaluation_parameters=asks)
        self._apply(
            [
                self._switch(current, to=False, by=by, revision=current.revision),
                Put(tables.JUDGES, judge_item(edited), ABSENT),
                bump(tables.JUDGES),
            ],
            judge_id,
        )
        return edited


def metric_ref(metric: Metric, configuration: Json | None = None) -> MetricRef:
    """The metric as a judge embeds it."""
    return MetricRef(
        id=metric.metric_id,
        type=metric.name,
        name=f"{metric.name.title()} Metric",
        configuration=configuration or {},
    )


def llm_ref(model: Model) -> LlmRef:
    """The model as a judge embeds it, with default sampling parameters."""
    return LlmRef(id=model.model_id, type=model.provider, model=model.name)


def judge_item(judge: Judge) -> Item:
    """The item of a judge version; raises InvalidInput or TooLarge when it cannot be stored."""
    if judge.name is not None:
        check_text(judge.name, "The name of the judge", limit=4 * names.LENIENT_LIMIT)
    if judge.description is not None:
        check_text(judge.description, "The description")
    item = to_item(judge, **tables.keyed(judge.judge_id, judge.version), versionTag=judge.version)
    item["active"] = {"S": versions.flag(judge.active)}
    del item["version"]
    if item_size(item) > ITEM_BUDGET:
        raise TooLarge("The judge's parameters are too large. Shorten them.", field="parameters")
    return item


def read_judge(item: Item) -> Judge:
    """A judge version from its item, also from one that an earlier system wrote."""
    plain = plain_map(item)
    plain |= {"version": plain[tables.SK], "active": plain.get("active") == versions.flag(True)}
    if "parameters" not in plain:
        plain["parameters"] = _columns_as_parameters(plain)
    return from_plain(plain, Judge)


_COLUMNS = {
    "temperature": ("llm", "temperature"),
    "max_tokens": ("llm", "maxTokens"),
    "top_p": ("llm", "topP"),
    "frequency_penalty": ("llm", "frequencyPenalty"),
    "presence_penalty": ("llm", "presencePenalty"),
    "n_responses": ("evaluationParameters", "nResponses"),
    "sleep_time": ("evaluationParameters", "sleepTime"),
    "rate_limit_sleep": ("evaluationParameters", "rateLimitSleep"),
}


def _columns_as_parameters(plain: dict[str, Any]) -> Json:
    """The parameters of a judge that an earlier system stored in columns only."""
    return {
        name: plain[holder][column] for name, (holder, column) in _COLUMNS.items() if column in plain.get(holder, {})
    }
