"""The texts of the sample data, beside this module: four cases with eight artifacts each, the better ones first.

Each artifact is (evaluated text, reference or None, quality 0..1). The quality steers the made-up scores.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

ArtifactText = tuple[str, str | None, float]


class CaseText(msgspec.Struct, frozen=True):
    """What a sample case says."""

    name: str
    description: str
    introduction: str
    criteria: str
    low: int
    high: int
    requires_reference: bool
    threshold: float
    artifacts: tuple[ArtifactText, ...]


CASES = msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes(), type=tuple[CaseText, ...])
ANSWERS, SUMMARIES, TONE, EXPLANATIONS = CASES
