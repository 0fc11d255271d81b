"""Documents of which something is left out: what is read all the same, and what must be said."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.support.documents.base import Document, W, body, odt, run
from tests.support.hostile_files import archive, book, epub, page_of, paragraph, show, stream, word

DRAWING = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def losing() -> Iterator[Document]:
    """All of them."""
    for kind in (_words, _slides, _sheets, _open_documents, _books, _rich, _pages, _portable, _drawn):
        yield from kind()


def _words() -> Iterator[Document]:
    choices = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="Cash"/><w:listEntry w:val="Card"/></w:ddList>'
    box = '<w:checkBox><w:sizeAuto/><w:default w:val="0"/><w:checked/></w:checkBox>'
    field = '<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{}</w:ffData></w:fldChar></w:r>'
    yield Document(
        "list field.docx", word(f"<w:p>{run('Paid by ')}{field.format(choices)}</w:p>"), "Paid by Card", "Cash"
    )
    yield Document("box field.docx", word(f"<w:p>{run('Agreed ')}{field.format(box)}</w:p>"), "Agreed ☒")
    yield Document(
        "canvas.docx",
        word(f"<w:p><w:r><w:drawing><a:txBody {DRAWING}><a:p><a:r><a:t>In a canvas</a:t></a:r></a:p></a:txBody></w:drawing></w:r></w:p>"),
        "In a canvas",
    )  # fmt: skip
    yield Document(
        "other file.docx", word(f'{paragraph("Part one")}<w:subDoc xmlns:r="{RELATED}" r:id="a"/>'), "Part one", lost="1 part that the file only refers to"
    )  # fmt: skip
    yield Document(
        "linked picture.docx",
        word(f'<w:p>{run("Text")}<w:r><w:drawing><a:blip {DRAWING} xmlns:r="{RELATED}" r:link="a"/></w:drawing></w:r></w:p>'),
        "Text", lost="1 part that the file only refers to",
    )  # fmt: skip
    text = f"<w:document {W}>{body(paragraph('Text'))}</w:document>".encode()
    for name, part, lost in (
        ("remark", "word/comments.xml", "comments left out"), ("embedded", "word/embeddings/a.bin", "1 embedded file"),
        ("film", "word/media/a.mp4", "1 recording"), ("odd picture", "word/media/a.jfif", "1 picture"),
        ("control", "word/activeX/activeX1.xml", "1 control"),
    ):  # fmt: skip
        yield Document(f"{name}.docx", archive(("word/document.xml", text), (part, b"<x/>")), "Text", lost=lost)


def _slides() -> Iterator[Document]:
    for name, part, lost in (
        ("film", "ppt/media/a.mp4", "1 recording left out"), ("remark", "ppt/comments/modernComment_1.xml", "comments left out"),
        ("embedded", "ppt/embeddings/a.xlsx", "1 embedded file"),
    ):  # fmt: skip
        yield Document(f"{name}.pptx", show(b"<p><t>Seen</t></p>", more=((part, b"<c/>"),)), "Seen", lost=lost)


def _sheets() -> Iterator[Document]:
    def table(cells: str, more: str = "") -> bytes:
        named = '<row r="1"><c r="A1" t="inlineStr"><is><t>Item</t></is></c><c r="B1" t="inlineStr"><is><t>Share</t></is></c></row>'
        row = f'<row r="2"><c r="A2" t="inlineStr"><is><t>Pear</t></is></c>{cells}</row>'
        return book(f"<sheetData>{named}{row}</sheetData>{more}".encode())

    yield Document("error.xlsx", table('<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'), "Item: Pear Share: #DIV/0!")
    yield Document(
        "error without formula.xlsx", table('<c r="B2" s="1" t="e"><v>#N/A</v></c>'), "Item: Pear Share: #N/A"
    )
    yield Document(
        "never computed.xlsx", table('<c r="B2"><f>SUM(A1:A9)</f><v></v></c>'), "Item: Pear", lost="sheet 1: formulas without a saved value"
    )  # fmt: skip
    yield Document("empty result.xlsx", table('<c r="B2" t="str"><f>A9</f><v></v></c>'), "Item: Pear")
    yield Document(
        "head of a sheet.xlsx",
        table("", '<headerFooter><oddHeader>&amp;C&amp;"Arial,Bold"&amp;12R&amp;&amp;D, page &amp;P</oddHeader></headerFooter>'),
        "R&D, page", "Arial",
    )  # fmt: skip
    yield Document(
        "remark.xlsx", book(b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>', ("xl/threadedComments/threadedComment1.xml", b"<c/>")),
        "1", lost="comments left out",
    )  # fmt: skip


def _open_documents() -> Iterator[Document]:
    deletion = (
        "<text:tracked-changes><text:changed-region><text:deletion><office:change-info><office:creator>Ana</office:creator>"
        "</office:change-info><text:p>old price</text:p></text:deletion></text:changed-region></text:tracked-changes>"
    )
    yield Document("deletion.odt", odt(f"{deletion}<text:p>new</text:p>"), "new", "old", "2 deleted words left out")
    yield Document(
        "hidden.odt",
        odt("<text:p>Text<text:hidden-text>secret</text:hidden-text></text:p>"),
        "Text",
        "secret",
        "hidden text",
    )
    for name, part, lost in (
        ("object", "Object 1", "1 embedded object"), ("formula", "Object 1/content.xml", "1 embedded object"),
        ("film", "Media/a.mp4", "1 recording"),
    ):  # fmt: skip
        yield Document(f"{name}.odt", odt("<text:p>Text</text:p>", (part, b"<x/>")), "Text", lost=lost)


def _books() -> Iterator[Document]:
    yield Document("film.epub", epub(b'<p>Text</p><video src="a.mp4"></video>'), "Text", lost="chapter 1: 1 recording")
    yield Document(
        "frame.epub", epub(b'<p>Text</p><object data="a"></object>'), "Text", lost="chapter 1: 1 embedded page"
    )


def _rich() -> Iterator[Document]:
    yield Document("deleted.rtf", rb"{\rtf1 new {\deleted old price}}", "new", "old", "2 deleted words left out")
    yield Document("equation.rtf", rb"{\rtf1 Energy {\mmath{\*\moMath{\mr E=mc}}}}", "Energy E=mc")
    yield Document("remark.rtf", rb"{\rtf1 Text{\*\annotation said}}", "Text", "said", "1 comment left out")
    yield Document(
        "field.rtf choice.rtf",
        rb"{\rtf1 Text{\*\formfield{\fftype2\ffres1{\*\ffl Cash}}}}",
        "Text",
        "Cash",
        "1 form field",
    )
    yield Document("no character.rtf", rb"{\rtf1\ansicpg1252 Text\'81}", "Text", lost="1 character left out")


def _pages() -> Iterator[Document]:
    yield Document("film.html", b'<p>Text</p><video src="a.mp4">old</video>', "Text", lost="1 recording left out")
    yield Document("drawing.html", b'<p>Text</p><svg><path d=""/></svg>', "Text", lost="1 picture left out")


def _text(content: bytes) -> bytes:
    return stream(zlib.compress(b"BT /F1 12 Tf 50 700 Td " + content + b" ET"))


def _portable() -> Iterator[Document]:
    note = b"<< /Type /Annot /Subtype /Text /Rect [10 10 30 30] /Contents (Ask Ana first) >>"
    noted = page_of(_text(b"(Text) Tj"), note).replace(b"/Contents 4 0 R", b"/Contents 4 0 R /Annots [5 0 R]")
    yield Document("note on a page.pdf", noted, "Text Note: Ask Ana first")
    hidden = noted.replace(b"/Contents (Ask", b"/F 2 /Contents (Ask")
    yield Document("hidden note.pdf", hidden, "Text", "Ask")
    value = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Alice) /Rect [9 9 99 29] >>"
    yield Document(
        "field that is not drawn.pdf",
        page_of(_text(b"(Text) Tj"), value).replace(b"/Contents 4 0 R", b"/Contents 4 0 R /Annots [5 0 R]"),
        "Text name: Alice",
    )


def _drawn() -> Iterator[Document]:
    nameless = b"""/F2 << /Type /Font /Subtype /Type0 /BaseFont /Odd /Encoding /Identity-H /DescendantFonts [<< /Type /Font
        /Subtype /CIDFontType2 /BaseFont /Odd /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>
        /DW 600 /FontDescriptor << /Type /FontDescriptor /FontName /Odd /Flags 4 /Ascent 700 /Descent -200 /StemV 69
        /ItalicAngle 0 /FontBBox [0 -200 900 900] /CapHeight 700 >> >>] >> """
    codes = "".join(f"{ord(one) - 29:04X}" for one in "The delivery is late by two days").encode()
    drawn = b"BT /F2 12 Tf 50 650 Td <" + codes + b"> Tj ET"
    alone = page_of(stream(zlib.compress(drawn))).replace(b"/Font << ", b"/Font << " + nameless, 1)
    yield Document("fonts without letters.pdf", alone, "", lost="page 1: fonts that do not say which letters they draw")
    beside = b"BT /F1 12 Tf 50 700 Td (" + b"The contract of the customer ends in December. " * 3 + b") Tj ET " + drawn
    both = page_of(stream(zlib.compress(beside))).replace(b"/Font << ", b"/Font << " + nameless, 1)
    yield Document(
        "a font without letters.pdf", both, "The contract of the customer", lost="page 1: some words are in fonts"
    )
    picture = stream(
        zlib.compress(b"\0" * 100),
        more=b"/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceGray /BitsPerComponent 8",
    )
    for name, size, words, lost in (
        ("picture.pdf", 200, b"Text beside a picture", "page 1: pictures left out"), ("scan with a stamp.pdf", 790, b"Received on 12 March 2020 by the office", "page 1: a scan with little text"),
        ("logo.pdf", 40, b"Text", ""),
    ):  # fmt: skip
        shown = b"q %d 0 0 %d 5 5 cm /I1 Do Q BT /F1 12 Tf 50 700 Td (%s) Tj ET" % (min(size, 590), size, words)
        made = page_of(stream(zlib.compress(shown)), picture, resources=b"/XObject << /I1 5 0 R >>")
        yield Document(name, made, words.decode(), lost=lost)
    form = page_of(_text(b"(Please wait...) Tj"), stream(zlib.compress(b"<xdp/>"))).replace(
        b"/Type /Catalog", b"/Type /Catalog /NeedsRendering true /AcroForm << /Fields [] /XFA 5 0 R >>"
    )
    yield Document("form of its own.pdf", form, "Please wait", lost="a form (XFA)")
