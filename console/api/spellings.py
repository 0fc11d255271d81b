"""Documents and evaluations in the two spellings that clients use: `actual_output` or `evaluationTarget`.

Requests may use either. `LEGACY_FIELD_NAMES` decides which one answers and the OpenAPI document show, and with it the
messages of the old system's branch that used it.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, create_model, model_validator

from console.api.shapes import Id, Row, as_uuid

_TEXTS = ("actual_output", "evaluationTarget")
_REFERENCES = ("expected_output", "expectedOutput")
_NO_DOCUMENT = str(uuid.UUID(int=0))
"""Stands for the document where a text is given directly."""


class Spelling(NamedTuple):
    """The models of one spelling."""

    document: type[BaseModel]
    document_response: type[BaseModel]
    evaluation: type[BaseModel]

    def show(self, row: Row) -> dict[str, Any]:
        """A document's row as this spelling answers it."""
        spelled = {**row, "evaluationTarget": row["actual_output"], "expectedOutput": row["expected_output"]}
        return {name: spelled[name] for name in self.document_response.model_fields}


def _document(texts: tuple[str, ...], references: tuple[str, ...]) -> type[BaseModel]:
    class DocumentCreateRequest(BaseModel):
        """A new document."""

        actual_output: str = Field(validation_alias=AliasChoices(*texts), description="The evaluated text.")
        expected_output: str | None = Field(
            None, validation_alias=AliasChoices(*references), description="The expected output."
        )
        metadata: dict[str, Any] | None = None

    return DocumentCreateRequest


def _response(text: str, reference: str, *, required: bool) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "id": str,
        text: str,
        reference: (str | None, ... if required else None),
        "metadata": dict[str, Any] | None,
        "created_at": str,
    }
    return create_model("DocumentResponse", __doc__="A document.", **fields)


class EvaluationRequest(BaseModel):
    """What to evaluate: a document; or a text given directly, as `actual_output` with or without `expected_output`."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _only(schema, "judge_id", "document_id"))

    judge_id: Id
    document_id: Id
    actual_output: str | None = Field(None, validation_alias=AliasChoices(*_TEXTS))
    expected_output: str | None = Field(None, validation_alias=AliasChoices(*_REFERENCES))

    @model_validator(mode="before")
    @classmethod
    def either(cls, body: Any) -> Any:
        """A document wins over content; with content there need be no document."""
        if not isinstance(body, dict):
            return body
        if body.get("document_id") is not None:
            return {name: value for name, value in body.items() if name not in (*_TEXTS, *_REFERENCES)}
        return {**body, "document_id": _NO_DOCUMENT} if any(body.get(name) for name in _TEXTS) else body


def _later_branch() -> type[BaseModel]:
    class EvaluationRequest(BaseModel):
        """What to evaluate: a document, or a text given directly. A document wins."""

        judge_id: Annotated[str, AfterValidator(lambda text: as_uuid(text, "Judge ID"))]
        document_id: Annotated[str, AfterValidator(lambda text: as_uuid(text, "Document ID"))] | None = None
        actual_output: str | None = Field(None, validation_alias=AliasChoices(*reversed(_TEXTS)))
        expected_output: str | None = Field(None, validation_alias=AliasChoices(*reversed(_REFERENCES)))

        @model_validator(mode="after")
        def either(self) -> EvaluationRequest:
            """There is something to evaluate, and one thing only."""
            if self.document_id:
                self.actual_output = self.expected_output = None
            elif not self.actual_output:
                raise ValueError("Either document_id or actual_output must be provided")
            return self

    return EvaluationRequest


def _only(schema: dict[str, Any], *names: str) -> None:
    """Leaves the other properties out of the schema: the document that clients were made from had them not."""
    schema["properties"] = {name: schema["properties"][name] for name in names}


SNAKE = Spelling(
    _document(_TEXTS, _REFERENCES), _response("actual_output", "expected_output", required=True), EvaluationRequest
)
CAMEL = Spelling(
    _document(_TEXTS[::-1], _REFERENCES[::-1]),
    _response("evaluationTarget", "expectedOutput", required=False),
    _later_branch(),
)
