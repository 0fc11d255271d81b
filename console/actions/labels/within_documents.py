"""Agreement within documents: which of the texts about one document is the better one, by a judge and by people."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from console.actions.labels.agreement import Point
from console.judging.analysis.per_document import PerDocument, per_document
from console.records import Artifact
from console.services import Services

MOST = 1_000
"""Runs that are read whole, for what their text is about."""
_NAMES = ("doc_id", "document_id", "documentId", "document", "source_id", "item", "item_id")
"""Metadata that name the document, the first first."""


@dataclass(frozen=True, slots=True)
class WithinDocuments:
    """What was found."""

    found: PerDocument
    unread: int
    """Points left out beyond `MOST`."""


def within_documents(services: Services, points: Sequence[Point]) -> WithinDocuments:
    """Correlations within documents over the points with two scores. A BatchGet per 100 of them."""
    known = [point for point in points if point.other_score is not None]
    read = known[:MOST]
    artifacts = {str(run.run_id): run.evaluated_artifact for run in services.runs.get_many([one.first for one in read])}
    rows = [
        (point.first_score, point.other_score, document)
        for point in read
        if point.other_score is not None and (artifact := artifacts.get(str(point.first.run_id)))
        if (document := document_of(artifact))
    ]
    found = per_document([one for one, _, _ in rows], [other for _, other, _ in rows], [name for _, _, name in rows])
    return WithinDocuments(found, len(known) - len(read))


def document_of(artifact: Artifact) -> str | None:
    """What a text is about: the document that its metadata name, else its question, context and reference."""
    for name in _NAMES:
        value = artifact.metadata.get(name)
        if isinstance(value, (str, int)) and str(value).strip():
            return f"{name} {value}"
    parts = [artifact.input, artifact.context, artifact.expected_output]
    if not any(parts):
        return None
    return hashlib.sha256("\0".join(part or "" for part in parts).encode(errors="surrogatepass")).hexdigest()
