"""Documents: making one, and which runs used it."""

from __future__ import annotations

from dataclasses import dataclass

from console.actions.permissions import permit
from console.errors import InvalidInput
from console.records import Document, Json, Role, RunFilter, RunSummary, User
from console.services import Services
from console.tabular.objects import typed_object
from console.telemetry import traced

LATEST = 200
"""Runs that are looked through for those that used a document: no index holds them by document."""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document and the runs that used it."""

    document: Document
    runs: list[RunSummary]
    """Newest first, of the latest `LATEST` runs since the document was made."""
    complete: bool
    """Whether these are all."""


def load_document(services: Services, document_id: str) -> DocumentView:
    """Read a document (one Query, cached) and one page of the latest runs (one Query per status).

    Raises:
        NotFound: there is no such document.
    """
    document = services.documents.get(document_id)
    latest = services.runs.list(RunFilter(first_day=document.created_on.date()), limit=LATEST)
    return DocumentView(
        document=document,
        runs=[row for row in latest.items if row.document_id == document_id],
        complete=latest.cursor is None,
    )


@traced
def create_document(services: Services, actor: User, target: str, reference: str, metadata: str) -> Document:
    """Store a document.

    Args:
        reference: empty when there is none.
        metadata: a JSON object as text, or nothing.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: there is no text, or the metadata are not a JSON object.
        TooLarge: a text is over 10 MB.
    """
    by = permit(actor, Role.EVALUATOR)
    if not target.strip():
        raise InvalidInput("Enter the text that is to be evaluated.", field="text")
    return services.documents.create(target, reference or None, _metadata(metadata), by=by)


def _metadata(text: str) -> Json | None:
    try:
        return typed_object(text) or None
    except ValueError as error:
        raise InvalidInput(f"Metadata: {error}", field="metadata") from error
