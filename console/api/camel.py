"""Documents and evaluations as the old system's later branch spelled them: `evaluationTarget`, `expectedOutput`.

The classes have the names of those in `spellings`: they are the names in the OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, Field, model_validator

from console.api.shapes import as_uuid

TEXT = "The evaluated text."
REFERENCE = "The expected output."


class DocumentCreateRequest(BaseModel):
    """A new document."""

    actual_output: str = Field(validation_alias=AliasChoices("evaluationTarget", "actual_output"), description=TEXT)
    expected_output: str | None = Field(
        None, validation_alias=AliasChoices("expectedOutput", "expected_output"), description=REFERENCE
    )
    metadata: dict[str, Any] | None = None


class DocumentResponse(BaseModel):
    """A document."""

    id: str
    evaluationTarget: str  # noqa: N815 - the name on the wire
    expectedOutput: str | None = None  # noqa: N815 - the name on the wire
    metadata: dict[str, Any] | None
    created_at: str


class EvaluationRequest(BaseModel):
    """What to evaluate: a document, or a text given directly. A document wins."""

    judge_id: Annotated[str, AfterValidator(lambda text: as_uuid(text, "Judge ID"))]
    document_id: Annotated[str, AfterValidator(lambda text: as_uuid(text, "Document ID"))] | None = None
    actual_output: str | None = Field(None, validation_alias=AliasChoices("evaluationTarget", "actual_output"))
    expected_output: str | None = Field(None, validation_alias=AliasChoices("expectedOutput", "expected_output"))

    @model_validator(mode="after")
    def either(self) -> EvaluationRequest:
        """There is something to evaluate."""
        if not self.document_id and not self.actual_output:
            raise ValueError("Either document_id or actual_output must be provided")
        return self
