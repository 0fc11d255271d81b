"""The page of similarity search: question, results, one result, map, strategies."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.collections.collections import create_collection
from console.actions.collections.ingest import ingest
from console.records import Collection, Role, User
from console.services import Services
from console.ui.search.results import marked
from tests.actions.collections.test_ingest import File
from tests.support.console_app import app, new_case, new_judge, new_user, scored, texts

BEACON = "![x](https://example.com/beacon.png)"
CITIES = {
    "france.txt": "Paris is the capital of France.\n\nThe Seine flows through Paris.",
    "italy.txt": "Rome is the capital of Italy.",
    "bread.csv": "step,what\n1,Mix flour with water and yeast\n2,Bake the bread in a hot oven",
}


@pytest.fixture
def collection(console_services: Services, admin: User) -> Collection:
    """Three documents of one chunk each."""
    made = create_collection(console_services, admin, "World")
    ingest(console_services, made.collection_id, [File(name, one.encode()) for name, one in CITIES.items()], by="ada")
    return console_services.collections.get(made.collection_id)


def search_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/search.py").run()


def names(test: AppTest) -> list[str]:
    """The documents of the results, in order."""
    return [button.label for button in test.button if re.fullmatch(r"search\.hit\.\d+", str(button.key))]


def snippets(test: AppTest) -> list[str]:
    return [one.value for one in test.markdown if "capital" in one.value]


def test_a_text_finds_what_means_the_same(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id)
    test.text_input(key="search.words.text").input("Which city governs France?").run()
    assert names(test)[0] == "france\\.txt"
    assert len(names(test)) == 4
    assert test.query_params["q"] == "Which city governs France?"
    assert ":blue-background[France]" in snippets(test)[0]
    assert "4 results" in texts(test)
    assert "by" in texts(test)


def test_the_address_holds_the_whole_question(admin: User, collection: Collection) -> None:
    test = search_page(
        admin, collection=collection.collection_id, q="bread", strategy="exact", k="2", file="bread.csv", where="row=2"
    )
    assert names(test) == ["bread\\.csv"]
    assert test.selectbox(key="search.strategy").value == "exact"
    assert test.number_input(key="search.k").value == 2
    assert test.selectbox(key="search.file").value == "bread.csv"
    assert test.text_input(key="search.where").value == "row=2"
    assert "by exact" in texts(test)


def test_filters_and_number_are_written_to_the_address(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, q="capital", strategy="exact")
    test.number_input(key="search.k").set_value(1).run()
    assert (len(names(test)), test.query_params["k"]) == (1, "1")
    test.selectbox(key="search.file").select("italy.txt").run()
    assert names(test) == ["italy\\.txt"]
    test.text_input(key="search.where").input("addedBy=nobody").run()
    assert names(test) == []
    assert "Nothing was found" in texts(test)


def test_a_result_opens_beside_the_list(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, q="capital of France", strategy="exact")
    test.button(key="search.hit.1").click().run()
    assert test.query_params["hit"]
    assert "The Seine flows through Paris" in texts(test).replace("\\", "")
    assert [one.value for one in test.code] == [test.query_params["hit"]]
    test.button(key="search.similar").click().run()
    assert (test.query_params["by"], "hit" in test.query_params) == ("chunk", False)
    assert sorted(names(test)) == ["bread\\.csv", "bread\\.csv", "italy\\.txt"]


def test_a_run_is_a_question_too(admin: User, console_services: Services, collection: Collection) -> None:
    case = new_case(console_services)
    run = scored(console_services, new_judge(console_services, case), case, 4.0, text="How to bake a loaf")
    test = search_page(admin, collection=collection.collection_id, by="run", run=str(run.run_id))
    assert names(test)[0] == "bread\\.csv"
    test.text_input(key="search.words.run").input("999").run()
    assert "There is no run 999" in texts(test)


def test_the_map_shows_the_chunks_with_the_question_in_it(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, view="map", q="bread", strategy="exact")
    assert not test.exception
    assert "4 chunks, results larger, the question as a cross" in texts(test)
    test.segmented_control(key="search.color").set_value("similarity").run()
    assert test.query_params["color"] == "similarity"
    test.segmented_control(key="search.layout").set_value("tsne").run()
    assert not test.exception
    assert "distances between groups mean nothing" in texts(test)


def test_the_map_needs_no_question(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, view="map", color="similarity")
    assert not test.exception
    assert "4 chunks. The plane shows" in texts(test)
    assert test.segmented_control(key="search.color").disabled


def test_a_new_document_is_on_the_map_and_among_the_choices(
    admin: User, console_services: Services, collection: Collection
) -> None:
    test = search_page(admin, collection=collection.collection_id, view="map")
    assert "4 chunks." in texts(test)
    ingest(console_services, collection.collection_id, [File("spain.txt", b"Madrid")], by="ada")
    test.run()
    assert "5 chunks." in texts(test)
    assert "spain.txt" in test.selectbox(key="search.file").options


def test_strategies_are_compared_once(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, view="strategies", q="capital", strategy="exact")
    frame = test.dataframe[0].value
    assert frame["Strategy"].tolist() == ["hybrid", "native", "exact", "parallel", "ann", "opensearch"]
    assert frame["Overlap"].tolist()[2:5] == [1.0, 1.0, 1.0]
    assert "OpenSearch is not configured" in frame["Remark"].tolist()[5]
    first = frame["First"].tolist()[1]
    assert test.run().dataframe[0].value["First"].tolist()[1] == first
    assert test.button(key="search.again").click().run().dataframe[0].value["First"].tolist()[1] != first


def test_judged_queries_are_measured_by_every_strategy(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, view="quality")
    assert not test.exception
    judged = b"query,relevant\nloaf,none.txt\ncapital of Italy,italy.txt\nbaking,bread.csv\n"
    test.file_uploader(key="search.quality.file").set_value(("judged.csv", judged, "text/csv")).run()
    assert not test.exception
    figures, queries = test.dataframe[-2].value, test.dataframe[-1].value
    assert list(figures["Strategy"]) == ["Hybrid", "Native", "Exact", "Ann"]
    assert set(figures["Fail"]) == {1}
    assert queries["Query"][0] == "loaf"
    assert test.warning[0].value.startswith("Not in the collection")


def test_a_strategy_that_cannot_says_so_and_the_question_stays(admin: User, collection: Collection) -> None:
    test = search_page(admin, collection=collection.collection_id, q="bread", strategy="opensearch")
    assert "OpenSearch is not configured. Set OPENSEARCH_URL" in texts(test)
    assert test.text_input(key="search.words.text").value == "bread"


@pytest.mark.parametrize("role", list(Role))
def test_everybody_searches(console_services: Services, collection: Collection, role: Role) -> None:
    user = new_user(console_services, "vera", role)
    assert len(names(search_page(user, collection=collection.collection_id, q="bread"))) == 4


def test_without_collections_or_texts_the_page_says_what_to_do(admin: User, console_services: Services) -> None:
    assert "Make one and add texts to it" in texts(search_page(admin))
    made = create_collection(console_services, admin, "Empty")
    assert "This collection is empty" in texts(search_page(admin))
    create_collection(console_services, admin, "Another")
    assert "Choose a collection" in texts(search_page(admin))
    assert "This collection is empty" in texts(search_page(admin, collection=made.collection_id, q="bread"))


def test_before_a_question_the_page_says_what_to_do(admin: User, collection: Collection) -> None:
    assert "What are you looking for?" in texts(search_page(admin, collection=collection.collection_id))


def test_another_collection_forgets_what_belongs_to_the_first(
    admin: User, console_services: Services, collection: Collection
) -> None:
    other = create_collection(console_services, admin, "Other")
    test = search_page(admin, collection=collection.collection_id, q="bread", file="bread.csv", hit="x")
    test.selectbox(key="search.collection").select("Other").run()
    assert test.query_params["collection"] == other.collection_id
    assert ("file" in test.query_params, "hit" in test.query_params, test.query_params["q"]) == (False, False, "bread")


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": "-3", "by": "x", "view": "y", "strategy": "z", "where": "a,=b,c=", "file": "no.txt"},
        {"k": "99999999999999999999", "color": "red", "layout": "?", "view": "map"},
        {"hit": "nowhere"},
        {"by": "chunk", "chunk": "nowhere"},
        {"by": "run", "run": "-1"},
    ],
)
def test_any_address_is_read(admin: User, collection: Collection, wrong: dict[str, str]) -> None:
    test = search_page(admin, **{"collection": collection.collection_id, "q": "bread", **wrong})
    assert not test.exception


def test_an_unknown_collection_is_not_found(admin: User) -> None:
    assert "There is no collection nowhere" in texts(search_page(admin, collection="nowhere"))


def test_hostile_texts_are_shown_letter_by_letter(admin: User, console_services: Services) -> None:
    made = create_collection(console_services, admin, BEACON)
    body = f"{BEACON} :smile: <img src=x onerror=alert(1)> $x$ :red[a] [link](https://example.com)"
    ingest(console_services, made.collection_id, [File(f"{BEACON}.txt", body.encode())], by="ada")
    [document] = console_services.vectors.documents(made.collection_id)
    [chunk] = console_services.vectors.of_document(made.collection_id, document.filename)
    test = search_page(admin, collection=made.collection_id, q=f"x {BEACON} red smile", hit=chunk.chunk_id)
    assert not test.exception
    said = [one.value for one in (*test.markdown, *test.caption, *test.header, *test.title)]
    said += [button.label for button in test.button]
    assert not [one for one in said if re.search(r"(?<!\\)!\[|(?<!\\)\]\(|(?<!\\)<img|[^\\]:smile:", one)]


@pytest.mark.parametrize(
    ("shown", "words", "expected"),
    [
        ("Paris is big", {"paris"}, ":blue-background[Paris] is big"),
        ("parisian and Paris!", {"paris"}, ":blue-background[parisian] and :blue-background[Paris]\\!"),
        ("a [b](c) *d*", {"b"}, "a \\[:blue-background[b]\\]\\(c\\) \\*d\\*"),
        ("nothing here", set(), "nothing here"),
        ("ABC", {"x"}, "ABC"),
    ],
)
def test_words_are_marked_and_everything_else_is_escaped(shown: str, words: set[str], expected: str) -> None:
    assert marked(shown, words) == expected
