"""`ingest` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from console.errors import NotFound
from console.services import Services
from tests.support.opensearch_stub import opensearch_stub


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["ingest", *map(str, arguments)])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "paris.txt", tmp_path / "rome.md", tmp_path / "broken.pdf"]
    for path, text in zip(made, ["Paris is a city.", "# Rome", "no PDF"], strict=True):
        path.write_text(text)
    return made


def test_files_go_into_a_collection_that_is_made_on_request(console_services: Services, files: list[Path]) -> None:
    done = run("Cities", *files[:2], "--create", "--json")
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert answer["files"] == [
        {"file": "paris.txt", "size": 16, "chunks": 1, "unchanged": False, "lost": [], "error": None},
        {"file": "rome.md", "size": 6, "chunks": 1, "unchanged": False, "lost": [], "error": None},
    ]
    [made] = console_services.collections.list()
    assert (made.collection_id, made.name, made.total_documents) == (answer["collection"], "Cities", 2)
    assert "(command line)" in made.user_id


def test_a_bad_file_fails_alone_and_the_exit_code_says_so(console_services: Services, files: list[Path]) -> None:
    made = console_services.collections.create("Cities", by="ana")
    done = run(made.collection_id, *files)
    assert done.exit_code == 1
    assert done.stdout == "paris.txt: 1 chunk(s)\nrome.md: 1 chunk(s)\n"
    assert done.stderr == "broken.pdf was refused: it is not a PDF file.\n"
    assert console_services.collections.get(made.collection_id).total_documents == 2


def test_a_collection_that_is_not_there_is_an_error(console_services: Services, files: list[Path]) -> None:
    done = run("Nowhere", files[0])
    assert isinstance(done.exception, NotFound)
    assert console_services.collections.list() == []


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert run("Cities", tmp_path / "nothing.txt").exit_code == 2
    assert run("Cities").exit_code == 2


def test_a_collection_is_sent_to_opensearch(
    monkeypatch: pytest.MonkeyPatch, console_services: Services, files: list[Path]
) -> None:
    run("Cities", *files[:2], "--create")
    with opensearch_stub() as stub:
        monkeypatch.setenv("OPENSEARCH_URL", stub.url)
        first = CliRunner().invoke(app, ["opensearch", "sync", "cities", "--json"])
        again = CliRunner().invoke(app, ["opensearch", "sync", "Cities"])
    assert json.loads(first.stdout)["sent"] == 2
    assert again.stdout == "The index is up to date.\n"
