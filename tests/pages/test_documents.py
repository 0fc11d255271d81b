"""The page of documents: the list, one of them, and a new one."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.records import Role, Snapshot, User
from console.services import Services
from tests.support.console_app import app, new_case, new_judge, new_user, texts
from tests.support.tier import artifact, results

TEXT, REFERENCE, METADATA = "documents.text", "documents.reference", "documents.metadata"


def documents_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/documents.py").run()


def listed(test: AppTest) -> list[str]:
    """How the listed texts begin."""
    return next(one.value for one in test.dataframe if "Reference" in one.value)["Text"].tolist()


@pytest.fixture
def user(console_services: Services) -> User:
    return new_user(console_services, "eva", Role.EVALUATOR)


def test_documents_are_listed_newest_first(console_services: Services, user: User) -> None:
    console_services.documents.create("The first text", by="ana")
    console_services.documents.create("The second text", "A reference", by="ana")
    test = documents_page(user)
    assert listed(test) == ["The second text", "The first text"]
    frame = test.dataframe[0].value
    assert frame["Reference"].tolist() == ["yes", "no"]


def test_the_list_goes_on_with_a_cursor(console_services: Services, user: User) -> None:
    made = [console_services.documents.create(f"Text {number}", by="ana") for number in range(52)]
    test = documents_page(user)
    assert len(listed(test)) == 50
    test.button(key="documents.next").click().run()
    assert listed(test) == ["Text 1", "Text 0"]
    assert test.button(key="documents.next").disabled
    test.button(key="documents.previous").click().run()
    assert listed(test)[0] == made[-1].evaluation_target


def test_a_document_is_shown_with_reference_and_metadata(console_services: Services, user: User) -> None:
    made = console_services.documents.create("The text", "The reference", {"source": "mail"}, by="ana")
    test = documents_page(user, document=made.document_id)
    assert {"The text", "The reference"} <= {one.value for one in test.text}
    assert test.json[0].value == '{"source": "mail"}'
    assert made.document_id in [one.value for one in test.code]


def test_the_runs_made_from_a_document_are_shown(console_services: Services, user: User) -> None:
    made = console_services.documents.create("The text", by="ana")
    case = new_case(console_services)
    snapshot = Snapshot.of(new_judge(console_services, case), case)
    run = console_services.runs.create(snapshot, artifact(), by="ana", document_id=made.document_id)
    console_services.runs.complete(run, results(4.0), threshold=0.5)
    other = console_services.runs.create(snapshot, artifact(), by="ana")
    console_services.runs.complete(other, results(2.0), threshold=0.5)
    test = documents_page(user, document=made.document_id)
    assert "Among the latest" not in texts(test)
    assert test.dataframe[0].value["Run"].tolist() == [str(run.run_id)]


def test_an_evaluator_makes_a_document(console_services: Services, user: User) -> None:
    test = documents_page(user, document="new")
    test.text_area(key=TEXT).input("A new text")
    test.text_area(key=REFERENCE).input("What it should say")
    test.text_area(key=METADATA).input('{"language": "en"}')
    test.button(key="documents.save").click().run()
    [row] = console_services.documents.list().items
    made = console_services.documents.get(row.document_id)
    assert (made.evaluation_target, made.expected_output) == ("A new text", "What it should say")
    assert (made.metadata, made.created_by) == ({"language": "en"}, "eva")
    assert test.query_params["document"] == made.document_id
    assert "A new text" in [one.value for one in test.text]


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ("{", "Line 1"),
        ("[1]", "This is not an object"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": "\\ud800"}', "broken character"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_metadata_are_refused_and_what_was_typed_is_kept(
    console_services: Services, user: User, metadata: str, complaint: str
) -> None:
    test = documents_page(user, document="new")
    test.text_area(key=TEXT).input("A new text")
    test.text_area(key=METADATA).input(metadata)
    test.button(key="documents.save").click().run()
    assert complaint in test.error[0].value
    assert test.text_area(key=TEXT).value == "A new text"
    assert test.text_area(key=METADATA).value == metadata
    assert console_services.documents.list().items == []


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_document_needs_a_text(console_services: Services, user: User, text: str) -> None:
    test = documents_page(user, document="new")
    test.text_area(key=TEXT).input(text)
    test.text_area(key=REFERENCE).input("A reference")
    test.button(key="documents.save").click().run()
    assert "Enter the text" in test.error[0].value
    assert test.text_area(key=REFERENCE).value == "A reference"


def test_what_is_typed_survives_a_visit_to_another_page(console_services: Services, user: User) -> None:
    test = documents_page(user, document="new")
    test.text_area(key=TEXT).input("Half a text").run()
    test.switch_page("console/pages/runs.py").run()
    test.query_params["document"] = "new"
    test.switch_page("console/pages/documents.py").run()
    assert test.text_area(key=TEXT).value == "Half a text"


def test_a_viewer_reads_but_has_no_form(console_services: Services) -> None:
    console_services.documents.create("The text", by="ana")
    viewer = new_user(console_services, role=Role.VIEWER)
    assert listed(documents_page(viewer)) == ["The text"]
    test = documents_page(viewer, document="new")
    assert not test.text_area
    assert not [button for button in test.button if button.key in ("documents.add", "documents.save")]


def test_somebody_demoted_meanwhile_is_refused(console_services: Services, user: User) -> None:
    test = documents_page(user, document="new")
    test.text_area(key=TEXT).input("A new text")
    console_services.users.set_role("eva", Role.VIEWER)
    test.button(key="documents.save").click().run()
    assert console_services.documents.list().items == []


def test_texts_are_shown_letter_by_letter(console_services: Services, user: User) -> None:
    beacon = "![x](https://example.com/beacon.png)"
    made = console_services.documents.create(beacon, beacon, by=beacon)
    assert listed(documents_page(user)) == [beacon]
    test = documents_page(user, document=made.document_id)
    assert [one.value for one in test.text] == [beacon, beacon]
    assert not [one for one in (*test.markdown, *test.caption) if "![x](" in one.value]


def test_a_very_long_text_is_cut_and_can_be_had_whole(console_services: Services, user: User) -> None:
    made = console_services.documents.create("words\n" * 40_000, by="ana")
    test = documents_page(user, document=made.document_id)
    assert len(test.text[0].value) == 100_000
    assert "first 100,000 of 240,000 characters" in texts(test)


def test_an_unknown_document_is_not_found(user: User) -> None:
    assert "There is no document nowhere" in texts(documents_page(user, document="nowhere"))


def test_without_documents_the_page_says_what_to_do(user: User) -> None:
    assert "There are no documents yet" in texts(documents_page(user))
