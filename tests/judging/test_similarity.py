"""The metric `similarity`: the cosine of two embeddings over the scale of the case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from console.errors import JudgingError, UnsupportedMetric
from console.judging.judging import Judging
from console.judging.providers.port import Providers
from console.judging.similarity import similarity
from console.judging.windows import WINDOW, embed_whole, how_embedded, windows
from console.records import Artifact, MetricRef, ScoreRange
from tests.support.tier import artifact, snapshot


class Angles:
    """Texts are angles in degrees on the unit circle."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        radians = np.radians([float(text) for text in texts])
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


@pytest.mark.parametrize(("angle", "score"), [("0", 5.0), ("60", 3.0), ("90", 1.0), ("180", 1.0)])
def test_the_cosine_is_laid_over_the_scale_and_nothing_is_below_it(angle: str, score: float) -> None:
    found = similarity(snapshot(), Artifact(evaluation_target=angle, expected_output="0"), Angles())

    assert found.final_score == pytest.approx(score, abs=1e-6)
    assert found.final_score_normalized == pytest.approx((score - 1) / 4, abs=1e-6)
    assert (found.scoring_mode, found.cost, found.all_responses) == ("similarity", 0.0, [found.final_score])


def test_another_scale_is_filled_as_well() -> None:
    scale = snapshot(score_range=ScoreRange(min=0, max=100))

    assert similarity(
        scale, Artifact(evaluation_target="60", expected_output="0"), Angles()
    ).final_score == pytest.approx(50)


def test_the_cosine_itself_is_said() -> None:
    found = similarity(snapshot(), Artifact(evaluation_target="180", expected_output="0"), Angles())

    assert found.reasons == ["The cosine of the two embeddings is -1.0000."]


class Ends:
    """Sees the first `WINDOW` characters of a text alone: whether it says good or bad there."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        seen = [text[:WINDOW] for text in texts]
        return np.array([[text.count("good") + 0.01, text.count("bad")] for text in seen], dtype=np.float32)


def test_all_of_a_long_text_counts_and_the_run_says_how() -> None:
    long = "good " * 300 + "bad " * 300

    found = similarity(snapshot(), Artifact(evaluation_target=long, expected_output="good"), Ends())

    assert found.final_score_normalized == pytest.approx(0.79, abs=0.05)  # not 1: the second half counts, too
    assert "windows, each by its length" in found.reasons[0]


@pytest.mark.parametrize("text", ["", "short", "a b " * 2_000, "x" * 5_000, "漢字" * 1_000, "two  spaces " * 500])
def test_windows_hold_the_whole_text_and_fit(text: str) -> None:
    found = windows(text)

    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sum(1 if letter.isascii() else 3 for letter in part) <= WINDOW + 1 for part in found)


@pytest.mark.parametrize(
    ("text", "reference", "missing"), [("0", None, "reference"), ("0", "", "reference"), (" ", "0", "text")]
)
def test_what_is_missing_is_said(text: str, reference: str | None, missing: str) -> None:
    with pytest.raises(JudgingError, match=f"There is no {missing} to compare"):
        similarity(snapshot(), Artifact(evaluation_target=text, expected_output=reference), Angles())


def test_it_needs_no_provider() -> None:
    judging = Judging(Providers(pytest.fail), Angles)
    near = snapshot(metric=MetricRef(id="m", type="similarity"))

    assert judging.evaluate(near, Artifact(evaluation_target="0", expected_output="0")).final_score == pytest.approx(5)
    assert judging.known_steps(near) is None


def test_other_metrics_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedMetric) as caught:
        Judging(Providers(pytest.fail), Angles).evaluate(snapshot(metric=MetricRef(id="m", type="bleu")), artifact())

    assert caught.value.metric == "bleu"


def test_texts_are_embedded_whole_in_one_call_and_have_length_one() -> None:
    found = embed_whole(Ends(), ["good", "good " * 300 + "bad " * 300])

    assert np.linalg.norm(found[1]) == pytest.approx(1.0)
    assert found.shape == (2, 2)
    assert found[1][1] > 0.2
    assert how_embedded("short") is None
    assert "windows of it count, each by its length" in (how_embedded("good " * 300) or "")
