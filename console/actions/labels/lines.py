"""Labels as lines of a file, in CSV or JSON Lines: `FIELDS`. A column of another name is said, and not read.

`rater` is another name of `labelled_by`; a line that names two people by them is refused. `selection`, `probability`
and `frame` say how the run was chosen (see `Drawn`): `frame` is what an export writes of a review queue, as JSON.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from console.actions.runs.detail import run_id_of
from console.errors import InvalidInput
from console.records import Drawn, Frame, RunId, Selection
from console.tabular.cells import number_of, verdict_of
from console.tabular.files import FileForm, Problem, Row, TabularFile
from console.tabular.writing import restored

FIELDS = (
    "run_id", "score", "passed", "comment", "labelled_by", "labelled_on", "selection", "probability", "frame",
    "adjudicates",
)  # fmt: skip
_OTHER_NAMES = {"rater": "labelled_by"}
MOST = 50_000
"""Labels in one file."""
_SHOWN = 10
"""Problems that a message lists."""


@dataclass(frozen=True, slots=True)
class LabelLine:
    """One label of a file."""

    line: int
    """In the file, from 1."""
    run_id: RunId
    score: float | None = None
    passed: bool | None = None
    comment: str = ""
    labelled_by: str = ""
    """Empty: whoever imports the file."""
    labelled_on: datetime | None = None
    drawn: Drawn | None = None
    adjudicates: bool | None = None
    """None: as the person's label said before."""


def read_labels(content: bytes, form: FileForm) -> list[LabelLine]:
    """The labels of a file.

    Raises:
        InvalidInput: the file is not of this form, or lines are wrong: names the first of them with their numbers.
    """
    file = TabularFile("The file", form, lambda: io.BytesIO(content), fill=True)
    if form is FileForm.CSV:
        _check_columns(file.columns())
    lines: list[LabelLine] = []
    problems: list[str] = []
    for row in file.rows():
        try:
            lines.append(_line(row.line, _values(row, form)))
        except ValueError as error:
            problems.append(f"Line {row.line}: {error}")
        if len(lines) > MOST:
            raise InvalidInput(f"The file has more than {MOST:,} labels. Split it.")
    problems += repeated(lines)
    refuse(problems)
    return lines


def _check_columns(columns: Sequence[str]) -> None:
    if "run_id" not in columns or not {"score", "passed", "comment"} & set(columns):
        raise InvalidInput(
            f"The first line has to name the columns: run_id, and at least one of score, passed and comment. "
            f"It is: {', '.join(columns)[:200]}."
        )


def _values(row: Row | Problem, form: FileForm) -> dict[str, Any]:
    """The cells of a row, as they were before an export made them harmless to spreadsheets. Raises ValueError."""
    if isinstance(row, Problem):
        raise ValueError(row.message)
    values = row.values
    if form is FileForm.CSV:
        values = {name: restored(cell.strip()) for name, cell in values.items()}
    for other, name in _OTHER_NAMES.items():
        told, there = values.get(other), values.get(name)
        if told in (None, ""):
            continue
        if there not in (None, "", told):
            raise ValueError(
                f"{other} is {str(told)[:40]!r} and {name} is {str(there)[:40]!r}; both say whose label it is:"
                " keep one of them."
            )
        values = {**values, name: told}
    return values


def unread_columns(content: bytes, form: FileForm) -> list[str]:
    """Columns of a file of labels whose names mean nothing here, in any of its lines. Raises InvalidInput."""
    file = TabularFile("The file", form, lambda: io.BytesIO(content), fill=True)
    names = dict.fromkeys(file.columns())
    for row in file.rows() if form is FileForm.JSONL else ():
        names |= dict.fromkeys(row.values if isinstance(row, Row) else ())
    return [name for name in names if name not in FIELDS and name not in _OTHER_NAMES]


def _line(number: int, values: dict[str, Any]) -> LabelLine:
    """A label from raw values; raises ValueError."""
    run_id = str(values.get("run_id") or "").strip()
    if not run_id:
        raise ValueError("run_id is missing.")
    return LabelLine(
        line=number,
        run_id=run_id_of(run_id),
        score=number_of(values.get("score"), "score"),
        passed=verdict_of(values.get("passed"), "passed"),
        comment=_words(values.get("comment"), "comment"),
        labelled_by=_words(values.get("labelled_by"), "labelled_by"),
        labelled_on=_moment(values.get("labelled_on")),
        drawn=_drawn(values.get("selection"), values.get("probability"), values.get("frame")),
        adjudicates=verdict_of(values.get("adjudicates"), "adjudicates"),
    )


def _drawn(selection: Any, probability: Any, frame: Any) -> Drawn | None:
    if selection in (None, "") and probability in (None, "") and frame in (None, ""):
        return None
    word = str(selection or "").strip().lower().replace(" ", "_").replace("-", "_")
    if word not in list(Selection):
        raise ValueError(
            f"selection is {str(selection or '')[:40]!r}; write how the run was chosen: {', '.join(Selection)}."
        )
    odds = number_of(probability, "probability")
    if odds is not None and not 0 < odds <= 1:
        raise ValueError(f"probability is {odds:g}; it has to be above 0 and at most 1.")
    return Drawn(Selection(word), odds, _frame(frame))


def _frame(value: Any) -> Frame | None:
    if value in (None, ""):
        return None
    try:
        return msgspec.json.decode(value, type=Frame) if isinstance(value, str) else msgspec.convert(value, Frame)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(
            f"frame is not what an export writes of the runs that a queue drew from: {error}. Leave it out."
        ) from error


def _words(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text.")
    return value.strip()


def _moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"labelled_on is {str(value)[:40]!r}; write a time such as 2026-01-31T12:00:00Z.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def repeated(lines: Sequence[LabelLine]) -> list[str]:
    """Lines that label a run twice for the same person, as problems."""
    counts = Counter((one.run_id, one.labelled_by) for one in lines)
    twice = [one for one in lines if counts[one.run_id, one.labelled_by] > 1]
    return [
        f"Line {one.line}: the run {one.run_id} has another label by the same person in this file." for one in twice
    ]


def refuse(problems: Sequence[str]) -> None:
    """Raises InvalidInput that lists the first of the problems; nothing when there are none."""
    if not problems:
        return
    shown = "\n".join(problems[:_SHOWN])
    more = f"\nand {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
    raise InvalidInput(f"Nothing was imported. {len(problems):,} problem(s):\n{shown}{more}")
