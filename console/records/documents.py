"""Stored texts that runs can be made from."""

from __future__ import annotations

from datetime import datetime

from console.records.base import Json, Record
from console.records.runs import Artifact


class Document(Record, frozen=True):
    """A stored artifact that runs can be made from; runs embed what they used."""

    document_id: str
    evaluation_target: str
    created_on: datetime
    expected_output: str | None = None
    metadata: Json | None = None
    created_by: str = "system"
    sequence: int = 0
    """Place among documents made in the same second, where time alone does not tell (migrated ones)."""

    def artifact(self) -> Artifact:
        """What a run embeds of it."""
        return Artifact(
            evaluation_target=self.evaluation_target,
            expected_output=self.expected_output,
            metadata=self.metadata or {},
        )


class DocumentSummary(Record, frozen=True):
    """A row of the list of documents."""

    document_id: str
    created_on: datetime
    preview: str = ""
    """The first characters of the evaluated text."""
    created_by: str = ""
    has_reference: bool = False
    """Whether there is an expected output."""
