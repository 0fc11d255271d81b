"""Case <-> item, and what a case must be to be stored."""

from __future__ import annotations

from typing import Any

import msgspec

from console.data.configuration import thresholds, versions
from console.data.store import names, tables
from console.data.store.codec import Item, check_text, from_plain, plain_map, to_item, to_wire
from console.data.store.packing import ITEM_BUDGET, item_size
from console.errors import InvalidInput, TooLarge
from console.records import Case, Threshold

KIND = "case"
TEXTS = {
    "description": "The description",
    "task_introduction": "The task introduction",
    "evaluation_criteria": "The evaluation criteria",
}


def check_case(case: Case, *, lenient: bool = False) -> Case:
    """The case with its name trimmed, when it can be stored; raises InvalidInput or TooLarge.

    Args:
        lenient: as the old API took it: any name, empty texts, and any ends of the scale.
    """
    name = names.check_name(case.name, KIND, lenient=lenient)
    for field, label in TEXTS.items():
        text = check_text(getattr(case, field), label)
        if not lenient and field != "description" and not text.strip():
            raise InvalidInput(f"{label} must not be empty.", field=field)
    problem = None if lenient else case.score_range.problem()
    if problem:
        raise InvalidInput(problem, field="score_range")
    thresholds.check_threshold(case.threshold.score)
    return msgspec.structs.replace(case, name=name)


def case_item(case: Case) -> Item:
    """The item of a case version."""
    item = to_item(
        case,
        **tables.keyed(case.case_id, case.version),
        versionTag=case.version,
        currentThreshold=case.threshold.score,
    )
    item["active"] = {"S": versions.flag(case.active)}
    del item["version"]
    item.pop("earlierThresholds", None)
    if case.earlier_thresholds:
        item["thresholdHistory"] = to_wire(thresholds.as_embedded(case.earlier_thresholds))
    if item_size(item) > ITEM_BUDGET:
        raise TooLarge("The texts of the case are too long together. Shorten them.", field="evaluation_criteria")
    return item


def read_case(item: Item) -> Case:
    """A case version from its item, also from one that an earlier system wrote."""
    plain = plain_map(item)
    current = plain.get("currentThreshold")
    threshold = plain.get("threshold") or {}
    plain |= {
        "version": plain[tables.SK],
        "active": plain.get("active") == versions.flag(True),
        "threshold": {**threshold, "score": threshold.get("score", Threshold().score if current is None else current)},
        "thresholdId": plain.get("thresholdId", threshold.get("id")),
        "earlierThresholds": [],
    }
    if history := plain.pop("thresholdHistory", None):
        entries = thresholds.embedded_history(plain["caseId"], history)
        plain["earlierThresholds"] = msgspec.to_builtins(entries)
        plain["thresholdId"] = plain["thresholdId"] or entries[-1].threshold_id
    return from_plain(plain, Case)


def threshold_attributes(case: Case) -> dict[str, Any]:
    """The threshold of a case as its item holds it."""
    attributes = {
        "threshold": msgspec.to_builtins(case.threshold),
        "currentThreshold": case.threshold.score,
        "thresholdId": case.threshold_id,
    }
    return {name: value for name, value in attributes.items() if value is not None}
