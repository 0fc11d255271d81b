"""Published G-Eval results on SummEval: a list of summaries with the judge's responses and human scores.

Human scores: https://github.com/Yale-LILY/SummEval. Method: Liu et al., 2023, section 4.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from console.errors import InvalidInput

_DESCRIPTION_LIMIT = 100_000


class _Scores(msgspec.Struct):
    coherence: float | None = None
    consistency: float | None = None
    fluency: float | None = None
    relevance: float | None = None


class _Row(msgspec.Struct):
    doc_id: str
    system_id: str
    source: str
    system_output: str
    scores: _Scores
    prompt: str
    all_responses: list[float]
    reference: str | None = None
    total_usage_tokens: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def read_summeval(file: Path, text: str) -> list[dict[str, Any]]:
    """The rows as lines of the neutral form.

    The dimension is the one in the file's name; a JSON file beside it with that `name` describes the case.

    Raises:
        InvalidInput: the list is not of SummEval results, or the file's name has no dimension.
    """
    try:
        rows = msgspec.json.decode(text, type=list[_Row])
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidInput(f"{file.name} is a JSON list, but not of SummEval results: {error}.") from error
    dimension = next((name for name in _Scores.__struct_fields__ if name in file.name.lower()), None)
    if dimension is None:
        raise InvalidInput(
            f"The name of {file.name} does not say which dimension was judged. Rename it so that it contains one of "
            f"{', '.join(_Scores.__struct_fields__)}."
        )
    model = _model(file.name)
    case = _described(file, dimension)
    judge = {"name": f"{model} {dimension}", "model": model, "provider": "openai"}
    return [_line(row, case, judge, dimension) for row in rows]


def _line(row: _Row, case: dict[str, Any], judge: dict[str, Any], dimension: str) -> dict[str, Any]:
    human = getattr(row.scores, dimension)
    return {
        "key": f"summeval:{dimension}:{judge['model']}:{row.doc_id}:{row.system_id}",
        "case": case,
        "judge": {**judge, "parameters": {"n_responses": len(row.all_responses)}},
        "evaluationTarget": row.system_output,
        "expectedOutput": row.source,
        "metadata": {
            "doc_id": row.doc_id,
            "system_id": row.system_id,
            "reference": row.reference,
            "human_scores": msgspec.to_builtins(row.scores),
        },
        "allResponses": row.all_responses,
        "promptUsed": row.prompt,
        "tokenUsage": {
            "prompt": row.prompt_tokens,
            "completion": row.completion_tokens,
            "total": row.total_usage_tokens,
        },
        "labels": [] if human is None else [{"labelledBy": "summeval", "score": human}],
    }


def _model(name: str) -> str:
    """The model in a file name such as `summeval_gpt4o_consistency_50.json`: `gpt-4o`."""
    found = re.search(r"gpt-?(4o|4|3\.5)[a-z]*", name.lower())
    return f"gpt-{found.group(1)}" if found else "unknown"


def _described(file: Path, dimension: str) -> dict[str, Any]:
    for beside in sorted(file.parent.glob("*.json")):
        found = _small_json(beside) if beside != file else None
        if isinstance(found, dict) and str(found.get("name", "")).lower() == dimension:
            return {
                "name": dimension,
                "taskIntroduction": found["task_introduction"],
                "evaluationCriteria": found["evaluation_criteria"],
                "scoreRange": {"min": found.get("min_score", 1), "max": found.get("max_score", 5)},
                "requiresReference": True,
            }
    return {
        "name": dimension,
        "taskIntroduction": "You will be given a text and a summary of it. Rate the summary.",
        "evaluationCriteria": f"{dimension.title()} (1-5).",
        "requiresReference": True,
    }


def _small_json(file: Path) -> Any:
    if file.stat().st_size > _DESCRIPTION_LIMIT:
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None  # some other file
