"""A hundred good documents of every kind, each with a trap: what must be read, what must not, and what must be said."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.support.documents.base import OFFICE, Document, W, body, form, odt, package, run
from tests.support.documents.losing import losing
from tests.support.documents.odd import odd
from tests.support.hostile_files import PACKAGE, archive, book, epub, page_of, paragraph, pdf, show, stream, word

SAMPLES = {
    "utf-8": "Größe 漢字 слово", "utf-8-sig": "Größe 漢字", "utf-16": "Größe 漢字", "utf-16-le": "Plain text without a mark",
    "utf-16-be": "Plain text without a mark", "utf-32": "Größe 漢字", "cp1252": "Résumé – “prix” 10 €, Größe für Müller",
    "latin-1": "Élève à l'école, São Paulo", "cp1251": "Это простой текст на русском языке для проверки",
    "cp866": "Однажды в студеную зимнюю пору я из лесу вышел", "gbk": "这是一个中文文档。退款在三十天内。",
    "big5": "這是一個中文文件，用來測試編碼。退款在三十天內。", "shift_jis": "これは日本語の文書です。返金は三十日以内です。",
    "cp1253": "Αυτό είναι ένα απλό κείμενο στα ελληνικά", "cp949": "이것은 한국어 문서입니다. 환불은 삼십일 이내입니다.",
}  # fmt: skip


def texts() -> Iterator[Document]:
    for encoding, text in SAMPLES.items():
        yield Document(f"{encoding}.txt", ("\n".join([text] * 4)).encode(encoding), text)
    yield Document("page named as text.txt", b"<!DOCTYPE html><p>Refund</p><script>alert</script>", "Refund", "alert")
    yield Document("old line ends.txt", b"one\rtwo\r\nthree", "one two three")
    yield Document("marks.md", b"# Title\n\n* item `code`\n", "# Title * item `code`")


def tables() -> Iterator[Document]:
    yield Document("plain.csv", b"name,city\nAna,Rome\nBo,Bonn\n", "name: Ana city: Rome name: Bo city: Bonn")
    yield Document("semicolons.csv", b'q;a\n"B; really?";"Line one\nline two"\n', "q: B; really? a: Line one line two")
    yield Document("tabs.tsv", b"a\tb\n1, 2\t3\n", "a: 1, 2 b: 3")
    yield Document("pipes.csv", b"a|b\n1|2\n3|4\n", "a: 1 b: 2 a: 3 b: 4")
    yield Document("sep line.csv", b"sep=;\na;b\n1,5;2\n", "a: 1,5 b: 2")
    yield Document("twice.csv", b"q,note,note\nx,first,second\n", "q: x note: first note: second")
    yield Document("more.csv", b"a,b\n1,2,3,IMPORTANT\n", "a: 1 b: 2 3 IMPORTANT")
    yield Document("fewer.csv", b"a,b,c\n1\n2,3\n", "a: 1 a: 2 b: 3")
    yield Document("one row.csv", b"alone,here\n", "alone here")
    yield Document(
        "no names.csv", b"Is it far?,30 days\nDo you ship abroad?,Yes\n", "Is it far? 30 days Do you ship abroad? Yes"
    )
    yield Document(
        "a title.csv", b"Sales 2024,,\nTeam,City,Won\nBlues,STL,1\n", "Sales 2024 Team: Blues City: STL Won: 1"
    )
    yield Document(
        "latin.csv", "name;city\nJosé;Málaga\nZoë;Zürich\n".encode("cp1252"), "José city: Málaga name: Zoë city: Zürich"
    )
    yield Document("utf16.csv", "name,city\nJosé,Rome\n".encode("utf-16"), "name: José city: Rome")
    yield Document("bad quote.csv", b'a;b\n"x","y";z\nnext;row\n', '"x","y";z next;row', lost="kept as written")
    yield Document("empty cells.csv", b"a,b\n,\n,x\n", "b: x")
    yield Document("list.json", b'[{"a": 1}, {"a": 2}]', "a: 1 a: 2")
    yield Document("nested.json", b'{"a": {"b": "deep"}, "tags": ["x", "y"]}', "a.b: deep tags: x, y")
    yield Document("inside.json", b'{"total": 2, "items": [{"a": 1}, {"a": 2}]}', "total: 2 a: 1 a: 2")
    yield Document("keys twice.json", b'{"a": 1, "a": 2}', "a: 1 a: 2")
    yield Document("lines.jsonl", b'{"a": "x"}\n"bare"\n[1, 2]\n', "a: x bare 1, 2")
    yield Document("bad line.jsonl", b'{"a": 1}\n{"a": 2}\n{"a"\n{"a": 4}', "a: 1 a: 2 a: 4", lost="line 3: not JSON")
    yield Document("pretty.jsonl", b'[\n {"a": 1},\n {"a": 2}\n]', "a: 1 a: 2")
    yield Document("null.jsonl", b'{"a": null, "b": false}', "b: false", "null")


def words() -> Iterator[Document]:
    note = '<w:footnote w:id="2">' + paragraph("The penalty is 30 percent.") + "</w:footnote>"
    end = '<w:endnote w:id="3">' + paragraph("See page 9.") + "</w:endnote>"
    cell = "<w:tc><w:tcPr/>{}</w:tc>"
    row = "<w:tr>" + cell.format(paragraph("Apple")) + cell.format(paragraph("1.20")) + "</w:tr>"
    box = f"<wps:txbx><w:txbxContent>{paragraph('Pay before Friday.')}</w:txbxContent></wps:txbx>"
    both = (
        '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        f'xmlns:wps="urn:wps"><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>'
    )
    math = f'<m:oMath xmlns:m="{OFFICE}/math"><m:r><m:t>E=mc^2</m:t></m:r></m:oMath>'
    yield Document("plain.docx", word(paragraph("Paris") + paragraph("Rome")), "Paris Rome")
    yield Document("table.docx", word(f"<w:tbl>{row}{row}</w:tbl>"), "Apple\t1.20\nApple\t1.20")
    yield Document("footnote.docx", package(
        document=body(f'<w:p>{run("See note")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>{paragraph("After.")}'),
        footnotes=note), "See note The penalty is 30 percent. After.")  # fmt: skip
    yield Document("endnote.docx", package(
        document=body(f'<w:p>{run("See end")}<w:r><w:endnoteReference w:id="3"/></w:r></w:p>'), endnotes=end),
        "See end See page 9.")  # fmt: skip
    yield Document(
        "note nobody names.docx", package(document=body(paragraph("Text")), footnotes=note), "Text The penalty"
    )
    yield Document("heads.docx", package(
        document=body(paragraph("Text")), header1=paragraph("Secret"), footer1=paragraph("Page foot")),
        "Text Secret Page foot")  # fmt: skip
    yield Document("text box.docx", word(both), "Pay before Friday.", "Friday. Pay")
    yield Document("moved.docx", word(
        f"<w:p><w:moveFrom>{run('Deposit 500')}</w:moveFrom></w:p>{paragraph('Middle')}"
        f"<w:p><w:moveTo>{run('Deposit 500')}</w:moveTo></w:p>"), "Middle Deposit 500", "500 Middle")  # fmt: skip
    yield Document("deleted.docx", word(
        f"<w:p><w:del><w:r><w:delText>old 900</w:delText></w:r></w:del><w:ins>{run('new 950')}</w:ins></w:p>"),
        "new 950", "old", "2 deleted words left out")  # fmt: skip
    yield Document(
        "hyphens.docx", word("<w:p><w:r><w:t>ISO</w:t><w:noBreakHyphen/><w:t>9001</w:t></w:r></w:p>"), "ISO-9001"
    )
    yield Document(
        "soft.docx", word("<w:p><w:r><w:t>infor</w:t><w:softHyphen/><w:t>mation</w:t></w:r></w:p>"), "information"
    )
    yield Document("symbols.docx", word(
        '<w:p><w:r><w:t>20 </w:t><w:sym w:font="Symbol" w:char="F0B0"/><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>'),
        "20 °✓")  # fmt: skip
    yield Document(
        "unknown symbol.docx",
        word(f'<w:p>{run("x")}<w:r><w:sym w:font="Odd" w:char="F041"/></w:r></w:p>'),
        "x",
        lost="1 symbol",
    )
    yield Document(
        "hidden.docx",
        word(f"<w:p>{run('secret', '<w:rPr><w:vanish/></w:rPr>')}{run('seen')}</w:p>"),
        "seen",
        "secret",
        "1 hidden word",
    )
    shown = '<w:rPr><w:vanish w:val="0"/></w:rPr>'
    yield Document("not hidden.docx", word(f"<w:p>{run('seen', shown)}</w:p>"), "seen")
    yield Document("equation.docx", word(f"<w:p>{run('Energy ')}{math}</w:p>"), "Energy E=mc^2")
    yield Document(
        "tab stops.docx",
        word("<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Word</w:t></w:r></w:p>"),
        "Word",
        "\t",
    )
    yield Document("embedded page.docx", package(
        document=body(f'{paragraph("Before")}<w:altChunk w:rel="x" xmlns:r="{OFFICE}/relationships" r:id="chunk"/>'),
        chunk=b"<p>From <b>HTML</b></p>"), "Before From HTML")  # fmt: skip
    yield Document("other main part.docx", archive(
        ("_rels/.rels", f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" Type="x/officeDocument" Target="/word/two.xml"/>'
         "</Relationships>".encode()),
        ("word/two.xml", f"<w:document {W}>{body(paragraph('Second'))}</w:document>".encode())), "Second")  # fmt: skip
    yield Document("picture.docx", archive(
        ("word/document.xml", f"<w:document {W}>{body(paragraph('Text'))}</w:document>".encode()),
        ("word/media/a.png", b"png")), "Text", lost="1 picture left out")  # fmt: skip
    yield Document("strict.docx", archive(
        ("word/document.xml", '<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main">'
         f"{body(paragraph('Strict'))}</w:document>".encode())), "Strict")  # fmt: skip


def slides() -> Iterator[Document]:
    shape = "<sp><txBody><p><r><t>{}</t></r></p></txBody></sp>"
    yield Document("a.pptx", show(shape.format("Title").encode()), "Title")
    yield Document("two.pptx", show((shape.format("First") + shape.format("Second")).encode()), "First Second")
    yield Document("number.pptx", show(
        (shape.format("Text") + '<sp><nvPr><ph type="sldNum"/></nvPr><p><fld type="slidenum"><t>17</t></fld></p></sp>').encode()), "Text", "17")  # fmt: skip
    table = "<tbl><tr><tc><p><t>a</t></p></tc><tc><p><t>b</t></p></tc></tr></tbl>"
    yield Document("table.pptx", show(table.encode()), "a\tb")
    yield Document(
        "notes.pptx", show(b"<p><t>Seen</t></p>", notes=b"<d><p><t>Said aloud</t></p></d>"), "Seen Notes: Said aloud"
    )
    yield Document(
        "chart.pptx",
        show(b"<p><t>Seen</t></p>", more=(("ppt/charts/chart1.xml", b"<c/>"),)),
        "Seen",
        lost="1 chart left out",
    )


def sheets() -> Iterator[Document]:
    def cells(*rows: tuple[str, ...]) -> bytes:
        made = "".join(
            f'<row r="{n}">'
            + "".join(f'<c r="{chr(65 + m)}{n}" t="inlineStr"><is><t>{cell}</t></is></c>' for m, cell in enumerate(row))
            + "</row>"
            for n, row in enumerate(rows, 1)
        )
        return f"<sheetData>{made}</sheetData>".encode()

    yield Document(
        "plain.xlsx",
        book(cells(("Item", "Price"), ("Apple", "1.20"), ("Pear", "2.50"))),
        "Item: Apple Price: 1.20 Item: Pear Price: 2.50",
    )
    yield Document("numbers.xlsx", book(
        b'<sheetData><row r="1"><c r="A1"><v>3</v></c><c r="B1"><v>2.5</v></c><c r="C1" t="b"><v>1</v></c></row></sheetData>'),
        "3 2.5 TRUE")  # fmt: skip
    yield Document(
        "formula.xlsx", book(b'<sheetData><row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row></sheetData>'), "2", "1+1"
    )
    yield Document(
        "title.xlsx",
        book(cells(("Prices 2024",), ("Item", "Price"), ("Apple", "1"))),
        "Prices 2024 Item: Apple Price: 1",
    )
    yield Document("chart.xlsx", book(cells(("a",)), ("xl/charts/chart1.xml", b"<c/>")), "a", lost="1 chart left out")
    yield Document("low start.xlsx", book(b'<sheetData><row r="9"><c r="C9"><v>7</v></c></row></sheetData>'), "7")


def open_documents() -> Iterator[Document]:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    yield Document(
        "plain.odt",
        odt("<text:h>Title</text:h><text:p>Two<text:tab/>words<text:s/>here</text:p>"),
        "Title Two\twords here",
    )
    yield Document(
        "table.odt",
        odt(f"<table:table><table:table-row>{cell.format('a')}{cell.format('b')}</table:table-row></table:table>"),
        "a\tb",
    )
    yield Document("note.odt", odt(
        "<text:p>See<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note</text:p>"
        "</text:note-body></text:note></text:p>"), "See [The note", "1")  # fmt: skip
    yield Document(
        "deleted.odt",
        odt("<text:tracked-changes><text:p>old</text:p></text:tracked-changes><text:p>new</text:p>"),
        "new",
        "old",
    )
    yield Document(
        "comment.odt",
        odt("<text:p>Text<office:annotation><text:p>remark</text:p></office:annotation></text:p>"),
        "Text",
        "remark",
        "1 comment left out",
    )
    yield Document(
        "picture.odt", odt("<text:p>Text</text:p>", ("Pictures/a.png", b"png")), "Text", lost="1 picture left out"
    )


def books() -> Iterator[Document]:
    yield Document("plain.epub", epub(b"<html><body><h1>One</h1><p>Once upon</p></body></html>"), "One Once upon")
    yield Document("script.epub", epub(b"<p>Text</p><script>alert</script>"), "Text", "alert")
    yield Document(
        "cyrillic.epub",
        epub('<?xml version="1.0" encoding="windows-1251"?><p>Привет мир</p>'.encode("cp1251")),
        "Привет мир",
    )


def rich() -> Iterator[Document]:
    yield Document("plain.rtf", rb"{\rtf1\ansi Paris\par Rome}", "Paris Rome")
    yield Document("accents.rtf", rb"{\rtf1\ansi\ansicpg1252 Caf\'e9 \u8364?}", "Café €")
    yield Document(
        "cyrillic.rtf",
        rb"{\rtf1\ansi{\fonttbl{\f0\fcharset204 Arial;}}\f0 \'cf\'f0\'e8\'e2\'e5\'f2}",
        "Привет",
        "Arial",
    )
    yield Document("note.rtf", rb"{\rtf1 See{\footnote The note} after}", "See [ The note ] after")
    yield Document("table.rtf", rb"{\rtf1\trowd a\cell b\cell\row c\cell d\cell\row}", "a\tb c\td")
    yield Document("hidden.rtf", rb"{\rtf1 seen {\v secret}}", "seen", "secret", "1 hidden word left out")
    yield Document("picture.rtf", rb"{\rtf1 Text{\pict\bin5 {{{{{}}", "Text", lost="1 picture left out")
    yield Document("field.rtf", rb"{\rtf1 {\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}}", "a link", "HYPERLINK")


def pages() -> Iterator[Document]:
    yield Document("plain.html", b"<title>T</title><p>One <b>wo</b>rd</p>", "T One word")
    yield Document(
        "scripts.html", b"<style>p{}</style><p>Text</p><script>alert</script><noscript>no</noscript>", "Text", "alert"
    )
    yield Document("table.html", b"<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a\tb 1\t2")
    yield Document("entities.html", b"<p>30&nbsp;days &lt;b&gt; &eacute;</p>", "30 days <b> é")
    yield Document("latin.html", b'<meta charset="iso-8859-1"><p>Caf\xe9</p>', "Café")
    yield Document("alternative.html", b'<img alt="A red door"><p>Text</p>', "A red door Text")
    yield Document("frame.html", b'<p>Text</p><iframe src="x"></iframe>', "Text", lost="1 embedded page left out")
    yield Document("shift.htm", '<meta charset="shift_jis"><p>返金は三十日</p>'.encode("shift_jis"), "返金は三十日")


def portable() -> Iterator[Document]:
    def of(text: bytes, more: bytes = b"") -> bytes:
        return stream(zlib.compress(b"BT /F1 12 Tf " + text + b" ET"), more=more)

    yield Document("plain.pdf", page_of(of(b"50 700 Td (Paris is a city) Tj")), "Paris is a city")
    yield Document("columns.pdf", page_of(of(
        b"50 700 Td (Left one) Tj 0 -14 Td (left two) Tj 250 14 Td (Right one) Tj 0 -14 Td (right two) Tj")),
        "Left one left two Right one right two")  # fmt: skip
    yield Document("turned.pdf", page_of(of(b"0 1 -1 0 300 300 Tm (Turned text) Tj")), "Turned text")
    catalog, kids = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
    yield Document(
        "two pages.pdf",
        pdf(catalog, kids, page % 5, page % 6, of(b"50 700 Td (First) Tj"), of(b"50 700 Td (Second) Tj")),
        "First Second",
    )
    yield Document("field.pdf", form(), "Name Alice")
    yield Document(
        "note.pdf", page_of(of(b"50 700 Td (Text) Tj")).replace(b"/MediaBox", b"/Rotate 180 /MediaBox"), "Text"
    )


def documents() -> list[Document]:
    """All of them."""
    kinds = (texts, tables, words, slides, sheets, open_documents, books, rich, pages, portable)
    return [document for kind in kinds for document in kind()] + [*losing(), *odd()]
