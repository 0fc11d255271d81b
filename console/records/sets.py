"""Test sets: named, versioned lists of items that are judged again and again; and their experiments."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import msgspec

from console.records.base import Json, Record
from console.records.runs import Artifact, ItemRef

FACETS = 8
"""Values of an item's metadata by which results can be grouped, at most."""
_FACET_CHARACTERS = 64


class SetItem(Record, frozen=True):
    """One item of a test set."""

    key: str
    """Unique within the set, and the same in all its versions: outputs and experiments meet by it."""
    input: str | None = None
    """The question."""
    context: str | None = None
    """The material that an answer rests on."""
    expected_output: str | None = None
    """The reference."""
    text: str | None = None
    """An output of the item's own, where it has one: what an experiment judges that brings no file."""
    score: float | None = None
    """What people gave the text, on the scale of the case that it was rated for."""
    passed: bool | None = None
    """What people said of the text."""
    tags: list[str] = []
    metadata: Json = {}

    @property
    def digest(self) -> str:
        """The same 16 hexadecimal digits for the same content: how versions are compared."""
        plain = msgspec.to_builtins(self, str_keys=True)
        return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def artifact(self, text: str) -> Artifact:
        """What a judge gets to see of the item and an output."""
        return Artifact(
            evaluation_target=text,
            expected_output=self.expected_output,
            input=self.input,
            context=self.context,
            metadata=self.metadata,
        )

    def reference(self, set_id: str, *, own_text: bool) -> ItemRef:
        """What a run keeps of the item.

        Args:
            own_text: the item's own text is judged, so that what people said of it belongs to the run.
        """
        short = [[name, _facet(value)] for name, value in self.metadata.items() if len(name) <= _FACET_CHARACTERS]
        return ItemRef(
            set_id=set_id,
            key=self.key,
            tags=self.tags,
            facets=[pair for pair in short if pair[1]][:FACETS],
            score=self.score if own_text else None,
            passed=self.passed if own_text else None,
        )


def _facet(value: object) -> str:
    """A value that results can be grouped by; empty for what is too long, or no single value."""
    text = str(value) if isinstance(value, (str, int, float, bool)) else ""
    return text if len(text) <= _FACET_CHARACTERS else ""


class TestSet(Record, frozen=True):
    """A test set as its newest version is."""

    __test__ = False  # for pytest, which takes it for tests

    set_id: str
    """Made from its first name: it stays when the name changes."""
    name: str
    version: int
    """The newest; an older one is read by its number."""
    total: int
    """Items of the newest version."""
    created_on: datetime
    created_by: str
    last_updated_on: datetime
    last_updated_by: str
    description: str = ""
    tags: list[str] = []
    frozen: bool = False
    """Whether an experiment has used the newest version: a change then begins another."""
    baseline: str | None = None
    """Id of the experiment that others are compared with."""
    revision: int = 1
    """Counts every change; the optimistic lock."""


class SetVersion(Record, frozen=True):
    """One version of a test set."""

    number: int
    total: int
    created_on: datetime
    created_by: str
    note: str = ""
    frozen_on: datetime | None = None
    """When its first experiment began; from then on it does not change."""


class JudgedBy(Record, frozen=True):
    """One judge of an experiment, as it was, and the batch of its runs."""

    judge_id: str
    judge_version: str
    case_id: str
    case_version: str
    batch_id: str
    judge_name: str | None = None
    case_name: str = ""
    prompt_version: str = ""


class Experiment(Record, frozen=True):
    """The outputs of one system over one version of a test set, judged by one or several judges."""

    experiment_id: str
    set_id: str
    set_name: str
    set_version: int
    name: str
    judges: list[JudgedBy]
    total: int
    """Items of the set's version: what rates are shares of."""
    rows: int
    """Items with an output."""
    created_on: datetime
    created_by: str
    source: str | None = None
    """Name of the file of outputs; None when the set's own texts were judged."""
    metadata: Json = {}
    """What made the outputs, in the words of who began the experiment: a model, a prompt, a commit."""

    @property
    def missing(self) -> int:
        """Items without an output; none of them passes."""
        return self.total - self.rows
