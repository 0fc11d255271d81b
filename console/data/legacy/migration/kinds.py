"""What a column of the old schema may hold, and how something else in it is read.

SQLite keeps whatever is written. A kind gives the value to use and, where that is another than the one that stands
there, what became of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Read = tuple[Any, str]
"""The value to use, and how it differs from what stands there; empty when it does not."""
Kind = Callable[[object], Read]

EPOCH = "1970-01-01 00:00:00"
_SECONDS = range(100_000_000, 100_000_000_000)
"""Unix times from 1973 to 5138."""


def text(value: object) -> Read:
    """A text that is there."""
    if isinstance(value, str):
        return value, ""
    return ("", "empty here") if value is None else _as_text(value)


def optional(value: object) -> Read:
    """A text, or nothing."""
    return (value, "") if value is None or isinstance(value, str) else _as_text(value)


def whole(default: int) -> Kind:
    """An integer."""

    def read(value: object) -> Read:
        if isinstance(value, int):
            return value, ""
        if isinstance(value, float) and math.isfinite(value):
            return int(value), f"{int(value)} here"
        return default, f"{default} here"

    return read


def count(value: object) -> Read:
    """An integer, or nothing."""
    if value is None or isinstance(value, int):
        return value, ""
    found = int(value) if isinstance(value, float) and math.isfinite(value) else None
    return found, "empty here" if found is None else f"{found} here"


def number(value: object) -> Read:
    """A finite number, or nothing."""
    if value is None or (isinstance(value, (int, float)) and math.isfinite(value)):
        return value, ""
    return None, "empty here"


def share(value: object) -> Read:
    """A number from 0 to 1: the nearest one, or the default of thresholds."""
    if not isinstance(value, (int, float)) or math.isnan(value):
        return 0.5, "0.5 here"
    near = min(max(float(value), 0.0), 1.0)
    return near, "" if near == value else f"{near} here"


def own_share(value: object) -> Read:
    """A `share`, or nothing."""
    return (None, "") if value is None else share(value)


def flag(value: object) -> Read:
    """A truth value."""
    if value in (0, 1):
        return bool(value), ""
    found = str(value).strip().lower() in ("true", "t", "yes", "y", "on") or (
        isinstance(value, (int, float)) and bool(value)
    )
    return found, f"{found} here".lower()


def moment(value: object) -> Read:
    """When a row was made, in one of the forms of the old system; never nothing."""
    found, problem = optional_moment(value)
    return (EPOCH, f"{EPOCH} here") if read_time(found) is None else (found, problem)


def optional_moment(value: object) -> Read:
    """A time as it is written, or nothing; a Unix time is written as a time."""
    if isinstance(value, (int, float)) and math.isfinite(value) and int(value) in _SECONDS:
        written = datetime.fromtimestamp(int(value), UTC).replace(tzinfo=None).isoformat(" ")
        return written, f"{written} here"
    return optional(value)


def whole_second(value: object) -> Read:
    """A `moment` in whole seconds, which is what the console keeps of the times of its configuration."""
    written, problem = moment(value)
    found = read_time(written)
    kept = EPOCH if found is None else found.replace(tzinfo=None).isoformat(" ", "seconds")
    same = problem or written.replace("T", " ") == kept
    return kept, problem if same else f"{kept} here"


def json_object(value: object) -> Read:
    """The text of a JSON object that is there."""
    return optional(value) if isinstance(_json(value), dict) else ("{}", "{} here")


def json_text(value: object) -> Read:
    """The text of a JSON value, or nothing."""
    if value in (None, "", "null"):
        return None, ""
    return optional(value) if _json(value) is not None else (None, "which is no JSON; empty here")


def scores(value: object) -> Read:
    """The text of a JSON list of finite numbers, or nothing."""
    found = _json(value)
    if found is None:
        return json_text(value)
    kept = [one for one in found if number(one) == (one, "") and one is not None] if isinstance(found, list) else None
    return optional(value) if kept == found else (None, "which is no list of numbers; empty here")


def optional_json_object(value: object) -> Read:
    """The text of a JSON object, or nothing."""
    found, problem = json_text(value)
    return (found, problem) if found is None or isinstance(_json(found), dict) else (None, "empty here")


def read_time(written: object) -> datetime | None:
    """A time of the old schema, in either of its forms; None where there is none."""
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _as_text(value: object) -> Read:
    found = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return found, "text here"


def _json(value: object) -> Any:
    try:
        return json.loads(value) if isinstance(value, (str, bytes)) else None
    except (ValueError, RecursionError):
        return None


OF_COLUMNS: Mapping[str, Mapping[str, Kind]] = {
    "metrics": {"name": text, "created_at": whole_second},
    "models": {"name": text, "provider": text, "created_at": whole_second},
    "thresholds": {"score": share, "created_at": moment},
    "cases": {
        "name": text,
        "task_introduction": text,
        "evaluation_criteria": text,
        "min_score": whole(1),
        "max_score": whole(5),
        "requires_reference": flag,
        "score_threshold": own_share,
        "created_at": whole_second,
        "updated_at": optional_moment,
    },
    "eval_documents": {
        "actual_output": text,
        "expected_output": optional,
        "metadata": optional_json_object,
        "created_at": whole_second,
    },
    "judges": {"name": optional, "parameters": json_object, "description": optional, "created_at": whole_second},
    "runs": {
        "document_id": optional,
        "status": text,
        "evaluation_status": optional,
        "final_score": number,
        "final_score_normalized": number,
        "all_responses": scores,
        "total_usage_tokens": count,
        "prompt_tokens": count,
        "completion_tokens": count,
        "execution_time_seconds": number,
        "prompt_used": optional,
        "error_message": optional,
        "metadata": json_text,
        "started_at": optional_moment,
        "completed_at": optional_moment,
        "created_at": optional_moment,
    },
}
"""What each column holds, ids and references aside."""
OF_DOCUMENT: Mapping[str, Kind] = {
    "actual_output": text,
    "expected_output": optional,
    "document_metadata": optional_json_object,
}
"""What a run is read with of its document."""
ALWAYS = frozenset(OF_COLUMNS["runs"]) | {"description", "expected_output", "name", "parameters", "created_at"}
"""Columns that a row has also where its database has not."""
