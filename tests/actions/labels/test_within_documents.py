"""Agreement within documents, beside the pooled one."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest
from scipy import stats

from console.actions.labels.agreement import against_people
from console.actions.labels.population import Asked
from console.actions.labels.report import load_report
from console.actions.labels.within_documents import document_of, within_documents
from console.actions.runs.files.importing import import_runs
from console.actions.runs.labelled import load_labelled
from console.records import Artifact
from console.services import Services
from tests.support.data_files import SUMMEVAL


def test_the_published_results_are_averaged_over_their_documents(console_services: Services) -> None:
    import_runs(console_services, SUMMEVAL, by="ana")
    case = console_services.cases.find_by_name("consistency")
    assert case
    points = against_people(load_labelled(console_services, case.case_id)).points
    by_document: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in json.loads(SUMMEVAL.read_text()):
        by_document[row["doc_id"]].append((np.mean(row["all_responses"]), row["scores"]["consistency"]))
    each = [tuple(zip(*pairs, strict=True)) for pairs in by_document.values() if len(pairs) > 1]
    telling = [(a, b) for a, b in each if np.ptp(a) > 1e-9 and np.ptp(b) > 1e-9]

    found = within_documents(console_services, points)

    assert (found.unread, found.found.documents, found.found.constant) == (0, len(each), len(each) - len(telling))
    taus = [stats.kendalltau(a, b).statistic for a, b in telling]
    assert found.found.correlations.kendall.value == (pytest.approx(np.mean(taus), abs=1e-6) if taus else None)
    said = load_report(console_services, case.case_id, Asked()).as_json()
    assert (said["per_document"]["documents"], said["modes"]) == (len(each), None)


def test_a_document_is_named_or_is_what_the_text_rests_on() -> None:
    named = Artifact("One.", "Source.", metadata={"doc_id": 7})
    other = Artifact("Two.", "Another source.", metadata={"doc_id": 7})
    one, two = Artifact("One.", input="How?", context="So."), Artifact("Two.", input="How?", context="So.")

    assert document_of(named) == document_of(other) == "doc_id 7"
    assert document_of(one) == document_of(two) != document_of(Artifact("Two.", input="Why?", context="So."))
    assert document_of(Artifact("Alone.")) is None
