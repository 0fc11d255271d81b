"""Files of texts to evaluate (see `console.tabular`): which column holds what, and the artifacts of the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from console.errors import InvalidInput
from console.records import Artifact, Case, Json, Judge
from console.tabular.files import Problem, Row, TabularFile
from console.tabular.separated import CELL_LIMIT

_KNOWN: dict[str, tuple[str, ...]] = {
    "text": (
        "evaluationtarget", "actualoutput", "output", "text", "summary", "response", "answer", "completion",
        "prediction", "candidate",
    ),
    "reference": ("expectedoutput", "reference", "expected", "groundtruth", "gold", "ideal", "referenceanswer"),
    "question": ("question", "prompt", "input", "query", "userinput", "instruction"),
    "context": ("context", "contexts", "documents", "retrieved", "retrievedcontexts", "retrievalcontext"),
}  # fmt: skip
"""Names of columns, without their case and what is no letter or digit, by what they hold; the first found counts."""
_METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what."""

    text: str
    """The evaluated text."""
    reference: str | None = None
    question: str | None = None
    context: str | None = None
    keep_others: bool = True
    """The other columns become metadata."""

    @classmethod
    def of(cls, parts: Mapping[str, str], *, keep_others: bool = True) -> Self:
        """The columns by part: text, reference, question, context."""
        others = (parts.get("reference"), parts.get("question"), parts.get("context"))
        return cls(parts["text"], *others, keep_others=keep_others)

    @property
    def named(self) -> dict[str, str]:
        """The columns that hold a part, by part."""
        parts = {"question": self.question, "context": self.context, "text": self.text, "reference": self.reference}
        return {part: column for part, column in parts.items() if column is not None}


def guess(file: TabularFile) -> Columns:
    """The columns by their names. Raises InvalidInput when none looks like the text."""
    names = file.columns()
    found = {"text": names[0]} if len(names) == 1 else guess_parts(names)
    if "text" not in found:
        raise InvalidInput(
            f"Which column of {file.name} holds the text? It has {', '.join(names)}. Name the one.", field="text"
        )
    return Columns.of(found)


def guess_parts(names: Sequence[str], known: Mapping[str, Sequence[str]] = _KNOWN) -> dict[str, str]:
    """The columns whose names say what they hold, by part.

    Args:
        known: as `_KNOWN`, names by what they hold.
    """
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault("".join(character for character in name.lower() if character.isalnum()), name)
    found = {part: next((plain[one] for one in spellings if one in plain), None) for part, spellings in known.items()}
    return {part: name for part, name in found.items() if name is not None}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a judge sees of a file."""

    shown: dict[str, str]
    """Columns by the part that they are to the judge: question, context, text, reference."""
    hidden: dict[str, str]
    """Why the judge does not see a column, by column."""

    def __str__(self) -> str:
        seen = ", ".join(f"{column} as the {part}" for part, column in self.shown.items())
        rest = ", ".join(f"{column} ({why})" for column, why in self.hidden.items())
        return f"The judge sees {seen}." + (f" It does not see {rest}." if rest else "")


def notice(names: Sequence[str], columns: Columns, judge: Judge, case: Case) -> Notice:
    """Which of a file's columns the judge sees, and which it does not."""
    shown = columns.named
    hidden: dict[str, str] = {}
    unseen: dict[str, str] = {}
    if judge.metric.type == "similarity":
        unseen = dict.fromkeys(("question", "context"), "similarity compares the text with the reference")
    elif not case.requires_reference:
        unseen = {"reference": "the case needs no reference"}
    for part, why in unseen.items():
        if part in shown:
            hidden[shown.pop(part)] = why
    why = "kept as metadata" if columns.keep_others else "left out"
    hidden |= {name: why for name in names if name not in columns.named.values()}
    return Notice(shown, hidden)


def artifacts(file: TabularFile, columns: Columns) -> Iterator[Artifact | Problem]:
    """Every row as an artifact, in order, or what is wrong with it. Raises InvalidInput at what cannot be read."""
    for row in file.rows():
        yield row if isinstance(row, Problem) else _artifact(row, columns)


def _artifact(row: Row, columns: Columns) -> Artifact | Problem:
    parts: dict[str, str] = {}
    for part, column in columns.named.items():
        value = row.values.get(column)
        text = joined(value) if part == "context" else value
        if text is not None and not isinstance(text, str):
            return Problem(row.line, f"{column} is no text.")
        if text and (wrong := wrong_with(text)):
            return Problem(row.line, f"{column} {wrong}.")
        if text and text.strip():
            parts[part] = text
    if "text" not in parts:
        return Problem(row.line, f"{columns.text} is empty.")
    used = columns.named.values()
    others = {name: value for name, value in row.values.items() if name not in used}
    return Artifact(
        evaluation_target=parts["text"],
        expected_output=parts.get("reference"),
        input=parts.get("question"),
        context=parts.get("context"),
        metadata=metadata_of(others) if columns.keep_others else {},
    )


def joined(value: Any) -> Any:
    """A list of passages as one text, which is how data sets of retrieval give their context."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return "\n\n".join(value)
    return value


def wrong_with(text: str) -> str | None:
    """Why a text cannot be stored; None when it can."""
    if len(text) > CELL_LIMIT or len(text.encode(errors="replace")) > CELL_LIMIT:
        return "is over 10 MB"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "has a broken character (a lone surrogate)"
    return None


def metadata_of(others: Json) -> Json:
    """The other columns; an object in a column `metadata` is taken apart."""
    inner = others.get(_METADATA)
    kept = {name: value for name, value in others.items() if name != _METADATA and value not in ("", None)}
    if isinstance(inner, dict):
        return {**inner, **kept}
    return {**kept, **({_METADATA: inner} if inner else {})}
