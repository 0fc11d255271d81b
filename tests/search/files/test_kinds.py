"""A hundred files of every kind: their words are read, what is no text is not, and what is left out is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from console.search.files.readers import KINDS, FileReader
from tests.support.documents.base import Document
from tests.support.documents.good import documents

DOCUMENTS = documents()


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    """One process for all, as in an upload; it finds no Tesseract, whatever is installed."""
    with pytest.MonkeyPatch.context() as patch, FileReader() as made:
        patch.setenv("PATH", "")
        yield made


def words(text: str) -> str:
    return " ".join(re.split(r"[ \n]+", text.strip()))


def test_there_are_a_hundred_of_every_kind() -> None:
    endings = {document.name.rpartition(".")[2] for document in DOCUMENTS}
    assert set(KINDS) <= endings | {"md"}
    assert len(DOCUMENTS) >= 100
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_document_is_read(document: Document, reader: FileReader) -> None:
    found = reader.read(document)
    assert words(document.words) in words(found.text)
    assert not document.never or document.never not in found.text
    assert document.lost in "; ".join(found.lost)
    assert bool(document.lost) == bool(found.lost)
