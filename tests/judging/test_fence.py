"""The fence of a prompt: the same for the same material, unknown to it, and linear in its length."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.judging.fence import SECRET_FILE, Fence, installation_secret

SECRET = b"a secret"
LONG = {
    "brackets": "<" * 1_000_000,
    "brackets and spaces": "< " * 500_000,
    "brackets far apart": ("<" + " " * 1_000) * 1_000,
    "pairs and dashes": "<<---" * 200_000,
    "nested": "<<<<" + "<<<TEXT " * 100_000,
    "ends of": "<<end of " * 100_000,
    "ends without end": "<<end" + "-" * 1_000_000,
    "mixed": ("< <<\n<END-OF " + "<" * 50) * 15_000,
    "words": "<<text" * 100_000,
}


def test_the_same_material_has_the_same_fence() -> None:
    assert Fence.of(SECRET, ["a", "b"]) == Fence.of(SECRET, ["a", "b"])


@pytest.mark.parametrize("other", [["ab"], ["a", "b", ""], ["b", "a"], ["a", "c"]])
def test_other_material_has_another_fence(other: list[str]) -> None:
    assert Fence.of(SECRET, ["a", "b"]) != Fence.of(SECRET, other)


def test_nobody_without_the_secret_knows_the_fence() -> None:
    assert Fence.of(SECRET, ["a"]) != Fence.of(b"a guess", ["a"])


@given(st.text(alphabet=st.sampled_from("<> \nENDOFTEXTendoftext-_xé"), max_size=60))
def test_nothing_in_a_text_passes_for_a_delimiter(text: str) -> None:
    shown = Fence.of(SECRET, [text]).neutral(text)

    assert not re.search(r"<\s*<[\s<]*[^\w<]*(?:end[^\w<]+of[^\w<]+)?text\b", shown, re.IGNORECASE)
    assert "".join(shown.split()) == "".join(text.split())


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_texts_of_brackets_are_no_work(text: str) -> None:
    Fence.of(SECRET, [text]).neutral(text)


def test_the_secret_of_an_installation_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    secret = installation_secret(folder)

    assert installation_secret(folder) == secret
    assert len(secret) == 64
    assert stat.S_IMODE((folder / SECRET_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [SECRET_FILE]


def test_a_folder_that_cannot_be_written_gives_a_secret_for_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    assert len(installation_secret(tmp_path / "file")) == 32
