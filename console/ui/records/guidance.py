"""What guides a judge beside task and criteria: steps, what the scores mean, rated examples; as a form says them.

They lie in the metadata of a case under names of their own. What has another form there is left as it is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from console.records import Case, Example, Json, ScoreRange
from console.records.cases import ANCHORS, EXAMPLES, STEPS, examples, pinned_steps


def guidance_of(case: Case) -> dict[str, str]:
    """The fields of the form."""
    rated = examples(case)
    said = case.metadata.get(ANCHORS)
    meanings = said if isinstance(said, dict) and all(isinstance(words, str) for words in said.values()) else {}
    return {
        "steps": pinned_steps(case),
        "anchors": "\n".join(f"{score}: {' '.join(words.split())}" for score, words in meanings.items()),
        "examples": msgspec.json.format(msgspec.json.encode(rated), indent=2).decode() if rated else "",
    }


def other_metadata(case: Case) -> Json:
    """The metadata without what has a field of its own."""
    fields = guidance_of(case)
    shown = {STEPS: fields["steps"], ANCHORS: fields["anchors"], EXAMPLES: fields["examples"]}
    return {name: value for name, value in case.metadata.items() if not shown.get(name)}


def guidance_metadata(steps: str, anchor_lines: str, example_list: str) -> Json:
    """What the fields are in the metadata; nothing for an empty one. Raises ValueError at what they cannot say."""
    found: Json = {}
    if steps.strip():
        found[STEPS] = steps.strip()
    if meanings := read_anchors(anchor_lines):
        found[ANCHORS] = meanings
    if rated := read_examples(example_list):
        found[EXAMPLES] = [msgspec.to_builtins(one) for one in rated]
    return found


def read_anchors(lines: str) -> dict[str, str]:
    """What scores mean, from lines `score: words`. Raises ValueError that says which line is none."""
    found: dict[str, str] = {}
    for line in lines.splitlines():
        if not line.strip():
            continue
        score, _, words = line.partition(":")
        name = _number(score)
        if name is None or not words.strip():
            raise ValueError(f"{line.strip()[:40]!r} is not a score, a colon and a sentence, such as 5: All is right.")
        if name in found:
            raise ValueError(f"The score {name} has two sentences.")
        found[name] = " ".join(words.split())
    return found


def on_scale(lines: str, scale: ScoreRange, most: int) -> dict[str, str] | None:
    """Each score of a scale with its sentence, the highest first.

    None where the scale has more than `most`, a line is none, or one is about another score.
    """
    if scale.problem():
        return None
    count = round((scale.max - scale.min) / scale.step) + 1
    try:
        said = read_anchors(lines)
    except ValueError:
        return None
    if count > most:
        return None
    scores = [f"{round(scale.max - place * scale.step, scale.decimals):g}" for place in range(count)]
    return {score: said.get(score, "") for score in scores} if said.keys() <= set(scores) else None


def with_anchor(score: str, lines: str, words: str) -> str:
    """The lines with another sentence for a score; none for an empty one. Raises ValueError as `read_anchors`."""
    said = read_anchors(lines) | {score: " ".join(words.split())}
    return "\n".join(f"{name}: {said[name]}" for name in sorted(said, key=float) if said[name])


def example_rows(text: str) -> list[dict[str, Any]]:
    """Rated examples as they are typed, complete or not. Raises ValueError where the text is no list of objects."""
    if not text.strip():
        return []
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f'This is no list such as [{{"text": "…", "score": 4, "reason": "…"}}]: {error}.') from error


def example_text(rows: list[dict[str, Any]]) -> str:
    """Rows as the text that `example_rows` reads; parts that are empty are left out."""
    kept = [{name: value for name, value in row.items() if value not in ("", None)} for row in rows]
    return msgspec.json.format(msgspec.json.encode(kept), indent=2).decode() if kept else ""


def read_examples(text: str) -> list[Example]:
    """Rated examples from a JSON list. Raises ValueError that says what is wrong, and in which."""
    found = []
    for number, row in enumerate(example_rows(text), 1):
        if not str(row.get("text") or "").strip():
            raise ValueError(f"Example {number} has no text.")
        if row.get("score") is None:
            raise ValueError(f"Example {number} has no score.")
        try:
            found.append(msgspec.convert(row, Example))
        except msgspec.ValidationError as error:
            raise ValueError(f"Example {number} cannot be used: {error}.") from error
    return found


def problems_of_guidance(anchor_lines: str, example_list: str, scale: ScoreRange | None) -> dict[str, str]:
    """What is wrong with the fields, by field."""
    found: dict[str, str] = {}
    scores: dict[str, list[float]] = {}
    try:
        scores["anchors"] = [float(name) for name in read_anchors(anchor_lines)]
    except ValueError as error:
        found["anchors"] = str(error)
    try:
        scores["examples"] = [one.score for one in read_examples(example_list)]
    except ValueError as error:
        found["examples"] = str(error)
    for field, named in scores.items():
        outside = [score for score in named if scale and not scale.min <= score <= scale.max]
        if outside:
            found[field] = f"The score {outside[0]:g} is not on the scale."
    return found


def _number(text: str) -> str | None:
    try:
        return f"{float(text):g}"
    except ValueError:
        return None
