"""The text of uploaded files, and that a bad file harms nobody."""

from __future__ import annotations

import io
import os
import resource
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import docx
import psutil
import pytest

from console.errors import InvalidInput, TooLarge
from console.search.files.formats.pdf.pages import drawn_once
from console.search.files.formats.sections import Section
from console.search.files.readers import LIMITS, Content, Source, display_name, read_file
from tests.support.hostile_files import Hostile, hostile_files, page_of, paragraph, stream, text_pdf, word

SECONDS = 5.0
MEGABYTES = 300.0
HOSTILE = hostile_files()


@dataclass
class File:
    """A file in memory."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self) -> bytes:
        return self.content


def text_of(name: str, content: bytes) -> str:
    return read_file(File(name, content)).text.strip()


# --- good files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.TXT", "a.md", "a.markdown"])
def test_text_is_read_as_it_is(name: str) -> None:
    assert text_of(name, "# Title\r\n\r\nÀ la carte".encode()) == "# Title\n\nÀ la carte"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_recognised_by_its_mark(encoding: str) -> None:
    assert text_of("a.txt", "Größe 漢字".encode(encoding)) == "Größe 漢字"


def test_a_pdf_is_read_page_by_page() -> None:
    found = read_file(File("a.pdf", text_pdf(b"Paris is a city.")))
    page = Section("Paris is a city.", {"page": 1})
    assert found == Content("a.pdf", len(text_pdf(b"Paris is a city.")), [page], [], 1)


def test_vertical_writing_that_cannot_be_read_is_said() -> None:
    """Japanese in columns, in a font that the file names and does not hold."""
    font = b"""/F2 << /Type /Font /Subtype /Type0 /BaseFont /Ryumin-Light-Identity-V /Encoding /Identity-V
        /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Ryumin-Light
        /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /DW 1000
        /FontDescriptor << /Type /FontDescriptor /FontName /Ryumin-Light /Flags 4 /Ascent 723 /Descent -241
        /StemV 69 /ItalicAngle 0 /FontBBox [-170 -331 1024 903] /CapHeight 709 >> >>] >>"""
    drawn = b"BT /F1 12 Tf 50 750 Td (Title) Tj ET BT /F2 12 Tf 300 700 Td <034A034C034E03500352> Tj ET"
    content = page_of(stream(zlib.compress(drawn))).replace(b"/Font << ", b"/Font << " + font + b" ", 1)
    found = read_file(File("a.pdf", content))
    assert found.text == "Title"
    assert found.lost == ["page 1: vertical writing in a font that the file does not hold, left out"]


@pytest.mark.parametrize(
    ("drawn", "once"),
    [
        ("MMuunniicciippaalliittéé ddee SSaaiinntt--SSaauuvveeuurr 1122", "Municipalité de Saint-Sauveur 12"),
        ("CCiittyy", "City"),
        ("1122 3344", "1122 3344"),
        ("aabb", "aabb"),
        ("a bookkeeper", "a bookkeeper"),
        ("CCiittyy of Paris", "CCiittyy of Paris"),
        ("======", "======"),
        ("", ""),
    ],
)
def test_bold_letters_that_are_drawn_twice_are_read_once(drawn: str, once: str) -> None:
    assert drawn_once(drawn) == once


def test_a_word_document_is_read_with_its_tables() -> None:
    document, file = docx.Document(), io.BytesIO()
    document.add_heading("Capitals")
    document.add_paragraph("Paris is the\tcapital.")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "France", "Paris"
    document.save(file)
    assert text_of("a.docx", file.getvalue()) == "Capitals\n\nParis is the\tcapital.\n\nFrance\tParis"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_each_row_of_a_table_is_a_paragraph(delimiter: str) -> None:
    rows = ["city,country", '"Paris, the city",France', "Rome,"]
    content = "\n".join(row.replace(",", delimiter) for row in rows).encode()
    found = read_file(File("a.csv", content))
    assert found.text == f"city: Paris{delimiter} the city\ncountry: France\n\ncity: Rome"
    assert [place for _, place in found.places] == [{"row": 2}, {"row": 3}]
    assert [found.text[start:][:6] for start, _ in found.places] == ["city: ", "city: "]


def test_each_line_of_json_is_a_paragraph() -> None:
    content = b'{"city": "Paris", "people": 2, "tags": ["a"], "none": null}\n\n"a text"\n[1, 2]\n'
    assert text_of("a.jsonl", content) == "city: Paris\npeople: 2\ntags: a\n\na text\n\n1, 2"


# --- limits ------------------------------------------------------------------------------------------------------


def refusal(source: Source, **limits: float) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_file(source, replace(LIMITS, **limits))
    return str(refused.value)


def test_too_large_a_file_is_not_read() -> None:
    class Large(File):
        def read(self) -> bytes:
            raise AssertionError("it was read")

    with pytest.raises(TooLarge, match=r"a\.txt was refused: it has 2 MB; 1 MB may be"):
        read_file(Large("a.txt", bytes(2_000_000)), replace(LIMITS, bytes=1_000_000))


def test_what_takes_too_long_is_ended() -> None:
    slow = File("a.html", b"<div>" * 300_000)
    started = time.perf_counter()
    assert "took longer than 1 s" in refusal(slow, seconds=1.0)
    assert time.perf_counter() - started < SECONDS


def test_what_needs_too_much_memory_is_refused() -> None:
    hungry = File("a.txt", b"word " * 4_000_000)
    assert "needs more memory" in refusal(hungry, memory=90_000_000)


def test_many_pages_rows_and_characters_are_refused() -> None:
    assert "more than 2 rows" in refusal(File("a.csv", b"a\n1\n2\n3"), rows=2)
    assert "more than 10 characters" in refusal(File("a.txt", b"Paris is a city."), characters=10)
    assert "1 pages; 0 may be" in refusal(File("a.pdf", text_pdf()), pages=0)
    assert "unpacks to more than" in refusal(File("a.docx", word(paragraph("x" * 900))), expanded=500)


def test_a_refusal_says_what_to_do() -> None:
    assert refusal(File("a.txt", b"Paris\0\1\2\0\0")) == (
        "a.txt was refused: it has zero bytes: it is no text. Save it as UTF-8 and try again."
    )
    assert refusal(File("a.exe", b"MZ")) == (
        "a.exe was refused: it is none of Text, Markdown, HTML, PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, RTF, "
        "CSV, TSV, JSON, JSON Lines."
    )


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ana\\a b.txt", "a b.txt"),
        ("a\x00b\n\x1b.txt", "a b .txt"),
        ("safe\u202etxt.exe", "safe txt.exe"),
        ("..", "unnamed"),
        ("/", "unnamed"),
        ("<b>a</b>.txt", "b>.txt"),
        ("größe 漢字.md", "größe 漢字.md"),
    ],
)
def test_a_name_is_only_shown(name: str, shown: str) -> None:
    assert display_name(name) == shown


def test_a_long_name_keeps_its_ending() -> None:
    shown = display_name("a" * 10_000 + ".txt")
    assert len(shown) <= 150
    assert shown.endswith(".txt")


# --- hostile files -----------------------------------------------------------------------------------------------


def test_there_are_a_hundred_hostile_files() -> None:
    assert len(HOSTILE) >= 100
    assert len({file.title for file in HOSTILE}) == len(HOSTILE)


@contextmanager
def watched() -> Iterator[list[float]]:
    """Megabytes that this process and its new children take more than before, at most, seen every 10 ms.

    A child counts once it has a command of its own: until then it shows the memory of this process as its own.
    """
    me, most, ended = psutil.Process(), [0.0], threading.Event()
    mine, others = me.cmdline(), {child.pid for child in me.children()}

    def taken() -> float:
        total = me.memory_info().rss
        for child in me.children():
            try:
                if child.pid not in others and child.cmdline() != mine:
                    total += child.memory_info().rss
            except psutil.Error:
                continue
        return total / 1e6

    before = taken()

    def watch() -> None:
        while not ended.wait(0.01):
            most[0] = max(most[0], taken() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield most
    ended.set()
    watcher.join()


def worked() -> float:
    """CPU seconds of this process and of those that it waited for: a busy machine does not count as a slow file."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def endure(file: Hostile) -> tuple[float, float]:
    """CPU seconds and megabytes that a hostile file takes; what is read of it is within the limits."""
    content = file.make()
    with watched() as megabytes:
        started = worked()
        try:
            found = read_file(Hostile(file.title, file.name, lambda: content, file.claimed))
        except InvalidInput as error:
            message = str(error)
        else:
            message = ""
            assert len(found.text) <= LIMITS.characters + 2
            assert not set("/\\\n\0") & set(found.name)
        seconds = worked() - started
    assert len(message) < 400
    return seconds, megabytes[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files of the reading process would land; nothing may."""
    for variable in ("TMPDIR", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("file", HOSTILE[::6], ids=lambda file: file.title)
def test_a_hostile_file_is_refused_or_limited(file: Hostile, folder: Path) -> None:
    seconds, megabytes = endure(file)
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


@pytest.mark.slow
def test_every_hostile_file_is_refused_or_limited(folder: Path, record_property: pytest.RecordProperty) -> None:
    costs = {file.title: endure(file) for file in HOSTILE}
    seconds = max(costs.values())[0]
    megabytes = max(cost[1] for cost in costs.values())
    said = f"{len(costs)} hostile files, at most {seconds:.1f} s and {megabytes:.0f} MB each"
    record_property("S7", said)
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
