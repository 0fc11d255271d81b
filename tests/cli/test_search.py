"""`search` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.config import Settings
from console.engine import engine
from console.records import NewChunk
from console.services import build_services
from tests.cli.test_cli import console

TEXTS = ("The cat sleeps on the sill.", "Revenue grew by twelve percent.", "Rain is expected tomorrow.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("search") / "data"
    with build_services(Settings(data_dir=data)) as services:
        made = services.collections.create("Handbook", by="ana")
        vectors = services.embedder().embed(TEXTS)
        chunks = [NewChunk(text=text, embedding=vector) for text, vector in zip(TEXTS, vectors, strict=True)]
        services.vectors.put_document(made.collection_id, "a.txt", chunks)
    yield str(data)
    engine.stop(data, force=True)


def test_search_prints_json(folder: str) -> None:
    done = console("search", "Handbook", "a pet is napping", "-k", "2", "--json", "--data-dir", folder)
    answer: dict[str, Any] = json.loads(done.stdout)
    first = answer["results"][0]
    assert done.returncode == 0
    assert answer["strategy"] == "hybrid"
    assert first["found_by"] == "vectors"
    assert len(answer["results"]) == 2
    assert (first["text"], first["filename"]) == (TEXTS[0], "a.txt")
    assert 0 < first["similarity"] < 1
    assert first["chunk_id"]


def test_search_prints_lines_by_the_strategy_asked_for(folder: str) -> None:
    options = ["--strategy", "exact", "--filter", "filename=a.txt", "-k", "1", "--data-dir", folder]
    done = console("search", "handbook", "income", *options)
    assert done.returncode == 0
    assert TEXTS[1] in done.stdout


def test_a_collection_that_does_not_exist_exits_with_1(folder: str) -> None:
    done = console("search", "Nowhere", "text", "--data-dir", folder)
    assert done.returncode == 1
    assert "no collection Nowhere" in done.stderr


@pytest.mark.parametrize("options", [["--filter", "filename"], ["-k", "0"], ["--strategy", "magic"]])
def test_wrong_options_exit_with_2(options: list[str], tmp_path: Path) -> None:
    assert console("search", "Handbook", "text", *options, "--data-dir", str(tmp_path)).returncode == 2
