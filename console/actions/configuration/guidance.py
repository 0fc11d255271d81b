"""What guides a judge beside task and criteria, kept in a case's metadata: steps, what the scores mean, rated texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from console.errors import InvalidInput
from console.records import Example, Json, ScoreRange
from console.records.cases import ANCHORS, EXAMPLES, STEPS

GUIDANCE = (STEPS, ANCHORS, EXAMPLES)
"""What it is called there."""


def with_guidance(
    metadata: Json,
    scale: ScoreRange,
    *,
    steps: str | None = None,
    anchors: Mapping[str, str] | None = None,
    examples: Sequence[Example] | None = None,
) -> Json:
    """The metadata with what is given; None leaves a part as it is, and an empty one takes it away.

    Args:
        anchors: what scores mean, in words, by score.

    Raises:
        InvalidInput: the scale is none, or a score is no number or not on it.
    """
    if problem := scale.problem():
        raise InvalidInput(problem, field="score_range")
    found = dict(metadata)
    given = {
        STEPS: None if steps is None else steps.strip(),
        ANCHORS: None
        if anchors is None
        else {_on_scale(name, scale): " ".join(anchors[name].split()) for name in anchors},
        EXAMPLES: None if examples is None else [msgspec.to_builtins(_checked(one, scale)) for one in examples],
    }
    for name, value in given.items():
        if value:
            found[name] = value
        elif value is not None:
            found.pop(name, None)
    return found


def _on_scale(name: str, scale: ScoreRange) -> str:
    try:
        score = float(name)
    except ValueError:
        raise InvalidInput(f"An anchor belongs to a score; {name!r} is none.", field="anchors") from None
    if not scale.min <= score <= scale.max:
        raise InvalidInput(
            f"The anchor's score {name} is not on the scale {scale.min} to {scale.max}.", field="anchors"
        )
    return f"{score:g}"


def _checked(example: Example, scale: ScoreRange) -> Example:
    if not example.text.strip():
        raise InvalidInput("An example needs a text.", field="examples")
    if not scale.min <= example.score <= scale.max:
        raise InvalidInput(
            f"The example's score {example.score:g} is not on the scale {scale.min} to {scale.max}.", field="examples"
        )
    return example
