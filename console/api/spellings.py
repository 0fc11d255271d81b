"""Documents and evaluations in the two spellings that clients use: `actual_output` or `evaluationTarget`.

Requests may use either. `LEGACY_FIELD_NAMES` decides which one answers and the OpenAPI document show, and with it the
messages of the old system's branch that used it.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, cast

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator

from console.api import camel
from console.api.camel import REFERENCE, TEXT
from console.api.shapes import Id, Row, as_uuid

_CONTENT = ("actual_output", "evaluationTarget", "expected_output", "expectedOutput")
_TEXTS = _CONTENT[:2]
_NO_DOCUMENT = ""


class Spelling(NamedTuple):
    """The models of one spelling."""

    document: type[DocumentCreateRequest] | type[camel.DocumentCreateRequest]
    document_response: type[BaseModel]
    evaluation: type[EvaluationRequest] | type[camel.EvaluationRequest]

    def show(self, row: Row) -> dict[str, Any]:
        """A document's row as this spelling answers it."""
        spelled = {**row, "evaluationTarget": row["actual_output"], "expectedOutput": row["expected_output"]}
        return {name: spelled[name] for name in self.document_response.model_fields}


class DocumentCreateRequest(BaseModel):
    """A new document."""

    actual_output: str = Field(validation_alias=AliasChoices("actual_output", "evaluationTarget"), description=TEXT)
    expected_output: str | None = Field(
        None, validation_alias=AliasChoices("expected_output", "expectedOutput"), description=REFERENCE
    )
    metadata: dict[str, Any] | None = None


class DocumentResponse(BaseModel):
    """A document."""

    id: str
    actual_output: str
    expected_output: str | None
    metadata: dict[str, Any] | None
    created_at: str


class EvaluationRequest(BaseModel):
    """What to evaluate: a document; or a text given directly, as `actual_output` with or without `expected_output`."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _only(schema, "judge_id", "document_id"))

    judge_id: Id
    document_id: Annotated[str, AfterValidator(lambda text: text if text is _NO_DOCUMENT else as_uuid(text))]
    actual_output: str | None = Field(None, validation_alias=AliasChoices("actual_output", "evaluationTarget"))
    expected_output: str | None = Field(None, validation_alias=AliasChoices("expected_output", "expectedOutput"))

    @model_validator(mode="before")
    @classmethod
    def either(cls, body: Any) -> Any:
        """A document wins over content; with content there need be no document."""
        if not isinstance(body, dict):
            return body
        if body.get("document_id") is not None:
            return {name: value for name, value in body.items() if name not in _CONTENT}
        if any(body.get(name) for name in _TEXTS):
            return {**body, "document_id": _NO_DOCUMENT}
        return body


SNAKE = Spelling(DocumentCreateRequest, DocumentResponse, EvaluationRequest)
CAMEL = Spelling(camel.DocumentCreateRequest, camel.DocumentResponse, camel.EvaluationRequest)


def _only(schema: dict[str, Any], *names: str) -> None:
    """Leaves the other properties out of the schema: the document that clients were made from had them not."""
    properties = cast(dict[str, Any], schema["properties"])
    for name in [one for one in properties if one not in names]:
        del properties[name]
