"""The writes of runs and their labels, and what cannot be written."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from console.data.runs.items import label_attributes, label_brief, run_item, run_key, spread_keys
from console.data.store import tables
from console.data.store.codec import check_text, to_item, to_wire_map
from console.data.store.packing import pack
from console.data.store.partition import write_parts
from console.data.store.requests import Condition, Put
from console.data.store.store import Store
from console.errors import InvalidInput
from console.records import Artifact, Label, Results, Run


def run_put(store: Store, run: Run, condition: Condition, labels: Sequence[Label] = ()) -> Put:
    """The write of a run, whose long texts are stored by now. No request unless a text is over 350 KB."""
    item = run_item(run)
    if labels:
        item |= to_wire_map(label_attributes(labels, run.case_id))
        item["brief"]["M"] |= to_wire_map(label_brief(labels))
    item, parts = pack(spread_keys(item, store.layout.suffix(run.run_id)))
    write_parts(store, run_key(run.run_id), parts)
    return Put(tables.RUNS, item, condition)


def import_key(key: str) -> tuple[str, str]:
    """Key of the item that says that something was imported."""
    return f"IMPORT#{hashlib.sha256(key.encode()).hexdigest()}", "LOCK"


def check_artifact(artifact: Artifact) -> None:
    """Raises TooLarge or InvalidInput when an artifact cannot be stored, before anything is written."""
    parts = {
        "The evaluated text": artifact.evaluation_target,
        "The expected output": artifact.expected_output,
        "The question": artifact.input,
        "The context": artifact.context,
    }
    for name, text in parts.items():
        if text is not None:
            check_text(text, name)


def check_results(results: Results) -> None:
    """Raises InvalidInput when a score is not a finite number."""
    scores = [results.final_score, results.final_score_normalized, *results.all_responses]
    if not all(math.isfinite(score) for score in [*scores, *results.distribution.values()]):
        raise InvalidInput("A score of the run is not a finite number. Fail the run instead.", field="final_score")


def label_put(label: Label) -> Put:
    """The write of a label item, a sibling of its run."""
    return Put(tables.RUNS, to_item(label, **tables.keyed(run_key(label.run_id), f"LABEL#{label.labelled_by}")))
