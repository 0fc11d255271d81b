"""The quality of the search on judged queries: files, figures, the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.actions.collections.ingest import ingest
from console.actions.collections.quality import JudgedQuery, measure, ndcg, read_judged
from console.cli import app
from console.errors import InvalidInput
from console.records import Collection
from console.services import Services
from console.tabular.files import TabularFile
from tests.actions.collections.test_ingest import File

TEXTS = {"paris.txt": "Paris is the capital of France.", "bread.txt": "Bread is baked from flour and water."}


@pytest.fixture
def collection(console_services: Services) -> Collection:
    made = console_services.collections.create("World", by="ana")
    ingest(console_services, made.collection_id, [File(name, one.encode()) for name, one in TEXTS.items()], by="ana")
    return console_services.collections.get(made.collection_id)


def read(name: str, content: str) -> dict[str, dict[str, float]]:
    return {one.query: one.relevance for one in read_judged(TabularFile.of(name, content.encode()))[0]}


JSON_LINES = """{"query": "bread", "relevance": {"a.txt": 2, "b.txt": 1}}
{"query": "wine", "relevance": "c.txt"}"""
JSON_LIST = """[{"q": "bread", "relevant": ["b.txt"]}, {"q": "wine", "relevant": "c.txt"},
{"q": "bread", "relevant": "a.txt", "grade": "2"}]"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "query,relevant,grade\nbread,a.txt,2\nbread,b.txt,1\nwine,c.txt,1\nwine,d.txt,0\n"),
        ("a.tsv", "Question\tDocument\tScore\nbread\ta.txt\t2\nbread\tb.txt\t1\nwine\tc.txt\t1\n"),
        ("a.csv", "grade;chunk_id;query\n2;a.txt;bread\n1;b.txt;bread\n;c.txt;wine\n"),
        ("a.jsonl", JSON_LINES),
        ("a.json", JSON_LIST),
    ],
)
def test_files_of_any_form_are_read(name: str, content: str) -> None:
    assert read(name, content) == {"bread": {"a.txt": 2.0, "b.txt": 1.0}, "wine": {"c.txt": 1.0}}


def test_rows_that_cannot_be_used_are_named() -> None:
    content = b"query,relevant,grade\nbread,a.txt,much\n,a.txt,1\nbread,,1\nbread,a.txt,nan\nwine,c.txt,1\n"
    queries, problems = read_judged(TabularFile.of("a.csv", content))
    assert queries == [JudgedQuery("wine", {"c.txt": 1.0})]
    assert [problem.line for problem in problems] == [2, 3, 4, 5]
    assert str(problems[0]) == "Line 2: The grade 'much' is no number from 0 up."


def test_a_file_without_the_columns_says_which() -> None:
    with pytest.raises(InvalidInput, match="no column 'relevant'"):
        read("a.csv", "query,answer\nbread,a.txt\n")


def test_ndcg_is_what_the_paper_says() -> None:
    assert ndcg(["a", "b"], {"a": 3, "b": 1}) == 1.0
    assert ndcg(["x", "a"], {"a": 1}) == pytest.approx(0.63093, abs=1e-5)
    assert ndcg(["b", "a"], {"a": 3, "b": 1}) == pytest.approx((1 + 3 * 0.63093) / (3 + 0.63093), abs=1e-5)
    assert ndcg([], {"a": 1}) == 0.0


def test_every_strategy_is_measured_and_the_failing_queries_are_named(
    console_services: Services, collection: Collection
) -> None:
    queries = [
        JudgedQuery("What is bread made of?", {"bread.txt": 1}),
        JudgedQuery("capital of France", {"paris.txt": 2, "bread.txt": 1}),
        JudgedQuery("something that nobody wrote", {"gone.txt": 1}),
    ]
    told: list[tuple[int, int]] = []
    made = measure(console_services, collection.collection_id, queries, progress=lambda *one: told.append(one))
    assert [one.strategy for one in made.strategies] == ["hybrid", "native", "exact", "ann"]
    assert told == [(number, 12) for number in range(1, 13)]
    assert made.unknown == ["gone.txt"]
    for one in made.strategies:
        assert one.error == ""
        assert [query.recall for query in one.queries] == [1.0, 1.0, 0.0]
        assert [query.query for query in one.failing] == ["something that nobody wrote"]
        assert one.ndcg is not None
        assert one.ndcg.mean == pytest.approx(2 / 3)
        assert (one.ndcg.low, one.ndcg.high) == (0.0, 1.0)


def test_a_strategy_that_cannot_says_why_beside_the_others(console_services: Services, collection: Collection) -> None:
    made = measure(
        console_services, collection.collection_id, [JudgedQuery("bread", {"bread.txt": 1})], ["opensearch", "exact"]
    )
    assert [bool(one.ndcg) for one in made.strategies] == [False, True]
    assert "OpenSearch is not configured" in made.strategies[0].error


@pytest.mark.parametrize(
    ("queries", "strategies", "words"),
    [
        ([], [], "1 to 1,000 judged queries"),
        ([JudgedQuery("x", {"a": 1})], ["best"], "no strategy 'best'"),
        ([JudgedQuery(" ", {"a": 1})], [], "needs words"),
        ([JudgedQuery("x", {"a": 0})], [], "grade above 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    console_services: Services, collection: Collection, queries: list[JudgedQuery], strategies: list[str], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        measure(console_services, collection.collection_id, queries, strategies)


def test_the_command_prints_figures_or_json(collection: Collection, tmp_path: Path) -> None:
    file = tmp_path / "judged.csv"
    file.write_text("query,relevant\nWhat is bread made of?,bread.txt\nnobody,gone.txt\nbread,\n")
    said = CliRunner().invoke(app, ["search-quality", "World", str(file), "--strategy", "exact"])
    assert said.exit_code == 0
    assert "exact       nDCG@10 0.500 [0.000, 1.000]   recall@10 0.500 [0.000, 1.000]" in said.stdout
    assert "nothing relevant for: nobody" in said.stdout
    assert "Left out: Line 4" in said.stderr
    assert "1 relevant ones are not in the collection, such as gone.txt" in said.stderr
    made = CliRunner().invoke(app, ["search-quality", "World", str(file), "--strategy", "exact", "--json"])
    [one] = json.loads(made.stdout)["strategies"]
    assert (one["strategy"], one["ndcg"]["mean"]) == ("exact", 0.5)
