"""A hundred and thirty files that were made to do harm, or are simply broken, made when they are asked for."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TEXT = b"Paris is the capital of France."
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file; the size may be a lie."""

    title: str
    name: str
    make: Callable[[], bytes]
    claimed: int | None = None

    @property
    def size(self) -> int:
        return len(self.make()) if self.claimed is None else self.claimed

    def read(self) -> bytes:
        return self.make()


def archive(*entries: tuple[str, bytes], level: int = 9) -> bytes:
    """A zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as file:
        for name, content in entries:
            file.writestr(name, content)
    return made.getvalue()


def word(body: str | bytes, before: str = "") -> bytes:
    """A Word document with this inside of its body."""
    inside = body.encode() if isinstance(body, str) else body
    head = f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}"><w:body>'.encode()
    return archive(("word/document.xml", head + inside + b"</w:body></w:document>"), level=1)


def paragraph(text: str) -> str:
    """A paragraph of a Word document."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf(*objects: bytes, trailer: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    made, places = bytearray(head), []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(made + b"startxref\n%d\n%%%%EOF" % table)


def stream(content: bytes, filters: bytes = b"/FlateDecode", more: bytes = b"") -> bytes:
    """A stream object that is encoded already."""
    return b"<< /Length %d /Filter %s %s >>\nstream\n%s\nendstream" % (len(content), filters, more, content)


def page_of(content: bytes, *more: bytes, resources: bytes = b"") -> bytes:
    """A PDF of one page with this content object (number 4) and more objects after it (5 and on)."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    used = b"/Resources << /Font << /F1 %s >> %s >>" % (font, resources)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R %s >>" % used
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return pdf(b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, content, *more)


def text_pdf(text: bytes = TEXT) -> bytes:
    """A good PDF that says this."""
    return page_of(stream(zlib.compress(b"BT /F1 12 Tf 50 700 Td (%s) Tj ET" % text)))


def squeezed(megabytes: int, byte: bytes = b"\0", times: int = 1) -> bytes:
    """So many megabytes of one byte, compressed, and that compressed again."""
    packer = zlib.compressobj(9)
    content = b"".join([*(packer.compress(byte * MEGABYTE) for _ in range(megabytes)), packer.flush()])
    for _ in range(times - 1):
        content = zlib.compress(content, 9)
    return content


def nested_zip(depth: int) -> bytes:
    """Archives in archives, ten in each."""
    content = archive(("0.txt", b"\0" * MEGABYTE))
    for _ in range(depth):
        content = archive(*((f"{number}.zip", content) for number in range(10)))
    return content


def laughs(depth: int, body: str = "&e{};") -> bytes:
    """Entities that each stand for ten of the one before."""
    entities = "".join(f"<!ENTITY e{one + 1} '" + f"&e{one};" * 10 + "'>" for one in range(depth))
    return word(paragraph(body.format(depth)), f'<!DOCTYPE w:document [<!ENTITY e0 "ha">{entities}]>')


def _zips() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    yield "flat bomb, 1 GB", "a.docx", lambda: _big_entry(1_000)
    yield "flat bomb, 300 MB", "b.docx", lambda: _big_entry(300)
    yield "bomb of good paragraphs", "c.docx", lambda: word(paragraph("word " * 20) * 400_000)
    yield "text of 12 MB", "d.docx", lambda: word(paragraph("word " * 2_400_000))
    yield "nested, 2 deep", "e.docx", partial(nested_zip, 2)
    yield "nested, 4 deep", "f.docx", partial(nested_zip, 4)
    yield "nested document", "g.docx", lambda: archive(("word/document.xml", word(paragraph("inner"))))
    yield "60,000 entries", "h.docx", lambda: archive(*((f"{number}", b"") for number in range(60_000)))
    yield "path names inside", "i.docx", lambda: archive(("../../../tmp/owned", TEXT), ("/etc/owned", TEXT))
    yield "document beside a path", "j.docx", lambda: archive(("../word/document.xml", TEXT))
    yield "empty archive", "k.docx", archive
    yield "directory in place of the text", "l.docx", lambda: archive(("word/document.xml/", b""))
    yield "truncated archive", "m.docx", lambda: word(paragraph("x" * 1_000))[:-40]
    yield "first half of an archive", "n.docx", lambda: word(paragraph("x" * 9_000))[:200]
    yield (
        "wrong checksum",
        "o.docx",
        lambda: word(paragraph("x" * 9_000)).replace(b"\x00\x00\x00\x00", b"\xff\x00\xff\x00"),
    )
    yield (
        "locked entry",
        "p.docx",
        lambda: word(paragraph("x")).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
    )
    yield "unknown compression", "q.docx", lambda: word(paragraph("x")).replace(b"\x08\x00", b"\x63\x00")
    yield "archive named as text", "r.txt", lambda: nested_zip(2)
    yield "archive itself", "s.zip", lambda: nested_zip(2)
    yield "archive after a program", "t.docx", lambda: b"MZ" * 5_000 + word(paragraph("after"))


def _big_entry(megabytes: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file, file.open("word/document.xml", "w") as entry:
        for _ in range(megabytes):
            entry.write(b"\0" * MEGABYTE)
    return made.getvalue()


def _words() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    secret = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    remote = '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">'
    parameter = '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>'
    yield "billion laughs", "a.docx", partial(laughs, 9)
    yield "small laughs", "b.docx", partial(laughs, 2)
    yield (
        "quadratic blow-up",
        "c.docx",
        lambda: word(paragraph("&a;" * 50_000), f"<!DOCTYPE d [<!ENTITY a '{'a' * 50_000}'>]>"),
    )
    yield "external entity", "d.docx", lambda: word(paragraph("&x;"), secret)
    yield "external document type", "e.docx", lambda: word(paragraph("x"), remote)
    yield "parameter entity", "f.docx", lambda: word(paragraph("x"), parameter)
    yield "unknown entity", "g.docx", lambda: word(paragraph("&unknown;"))
    yield "a million elements deep", "h.docx", lambda: word("<w:p>" * 1_000_000)
    yield "a million empty elements", "i.docx", lambda: word("<w:p/>" * 1_000_000)
    yield "an attribute of 20 MB", "j.docx", lambda: word(f'<w:p a="{"x" * 20_000_000}"/>')
    yield (
        "a million attributes",
        "k.docx",
        lambda: word("<w:p " + " ".join(map("a{}='1'".format, range(MEGABYTE))) + "/>"),
    )
    yield "broken bytes", "l.docx", lambda: word(b"<w:p><w:r><w:t>\xff\xfe\xfa</w:t></w:r></w:p>")
    yield "no XML", "m.docx", lambda: archive(("word/document.xml", b"\x00\x01\x02" * 1_000))
    yield "no text", "n.docx", lambda: word("<w:p/>")
    yield "an older Word file", "o.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20_000)


def _pdfs() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    catalog = b"<< /Type /Catalog /Pages 2 0 R >>"
    leaf = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    kids = b" ".join([b"3 0 R"] * 100_000)
    yield "stream of 1 GB", "a.pdf", lambda: page_of(stream(squeezed(1_000)))
    yield "stream of 70 MB of spaces", "b.pdf", lambda: page_of(stream(squeezed(70, b" ")))
    yield "stream of 10 MB of operators", "c.pdf", lambda: page_of(stream(squeezed(10, b"q Q ")))
    yield "stream of 20 MB of brackets", "d.pdf", lambda: page_of(stream(squeezed(20, b"[")))
    yield (
        "stream compressed three times",
        "e.pdf",
        lambda: page_of(stream(squeezed(2_000, times=3), b"[/FlateDecode /FlateDecode /FlateDecode]")),
    )
    yield "a hundred filters", "f.pdf", lambda: page_of(stream(b"00", b"[" + b"/ASCIIHexDecode " * 100 + b"]"))
    yield "run lengths of 60 MB", "g.pdf", lambda: page_of(stream(b"\x81A" * 500_000 + b"\x80", b"/RunLengthDecode"))
    yield "LZW rubbish", "h.pdf", lambda: page_of(stream(b"\x80\x0b\x60\x50" * 200_000, b"/LZWDecode"))
    yield "unknown filter", "i.pdf", lambda: page_of(stream(b"x", b"/NoSuchDecode"))
    yield "pages that are their own child", "j.pdf", lambda: pdf(catalog, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>")
    yield (
        "pages in a ring",
        "k.pdf",
        lambda: pdf(
            catalog, b"<< /Type /Pages /Kids [3 0 R] /Count 9 >>", b"<< /Type /Pages /Kids [2 0 R] /Count 9 >>"
        ),
    )
    yield (
        "a count of a billion",
        "l.pdf",
        lambda: pdf(catalog, b"<< /Type /Pages /Kids [3 0 R] /Count 999999999 >>", leaf),
    )
    yield (
        "one page 100,000 times",
        "m.pdf",
        lambda: pdf(catalog, b"<< /Type /Pages /Kids [%s] /Count 100000 >>" % kids, leaf),
    )
    yield "no pages", "n.pdf", lambda: pdf(catalog, b"<< /Type /Pages /Kids [] /Count 0 >>")
    yield "no catalog", "o.pdf", lambda: pdf(b"null")
    yield "a form that draws itself", "p.pdf", lambda: page_of(
        stream(zlib.compress(b"/X Do " * 100)), stream(zlib.compress(b"/X Do " * 100), more=form),
        resources=b"/XObject << /X 5 0 R >>",
    )  # fmt: skip
    yield "a table that is its own predecessor", "q.pdf", lambda: pdf(catalog, trailer=b"/Prev 9")
    yield "brackets a million deep", "r.pdf", lambda: pdf(b"[" * 1_000_000)
    yield "dictionaries a million deep", "s.pdf", lambda: pdf(b"<< /A " * 1_000_000)
    yield "a length that lies", "t.pdf", lambda: text_pdf().replace(b"/Length ", b"/Length 99999999")
    yield "a length that is itself", "u.pdf", lambda: page_of(b"<< /Length 4 0 R >>\nstream\nx\nendstream")
    yield "a table of a billion objects", "v.pdf", lambda: text_pdf().replace(b"xref\n0 5", b"xref\n0 999999999")
    yield "first half", "w.pdf", lambda: text_pdf()[:300]
    yield "head alone", "x.pdf", lambda: b"%PDF-1.7\n"
    yield "head and rubbish", "y.pdf", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 20_000
    yield "a locked file", "z.pdf", lambda: pdf(
        catalog, b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -1 /O (%s) /U (%s) >>" % (b"o" * 32, b"u" * 32),
        trailer=b"/Encrypt 2 0 R /ID [(a) (a)]",
    )  # fmt: skip
    yield (
        "a character map of a billion",
        "za.pdf",
        lambda: _mapped(b"1 beginbfrange <00000000> <3fffffff> <0000> endbfrange"),
    )
    yield (
        "a font of many widths",
        "zb.pdf",
        lambda: text_pdf().replace(b"/Helvetica", b"/X /Widths [" + b"1 " * 900_000 + b"]"),
    )
    yield (
        "objects in a stream in itself",
        "zc.pdf",
        lambda: pdf(
            catalog, stream(zlib.compress(b"2 0 << >>"), more=b"/Type /ObjStm /N 999999999 /First 4 /Extends 2 0 R")
        ),
    )
    yield (
        "predictor of endless columns",
        "zd.pdf",
        lambda: page_of(
            stream(zlib.compress(b"\2" * 10_000), more=b"/DecodeParms << /Predictor 15 /Columns 999999999 >>")
        ),
    )


def _offices() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """The kinds that are archives, and those that are marked text: what unpacks, nests or counts without end."""
    yield "sheet of 300 MB", "a.xlsx", lambda: book(_zeros(300))
    yield "sheet with a cell at the far end", "b.xlsx", lambda: book(
        b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData>"
    )  # fmt: skip
    yield "shared strings of 300 MB", "c.xlsx", lambda: book(
        b"<sheetData/>", ("xl/sharedStrings.xml", b"<sst><si><t>" + _zeros(300, b"a") + b"</t></si></sst>")
    )  # fmt: skip
    yield "a million rows", "d.xlsx", lambda: book(
        b"<sheetData>" + b"".join(b'<row r="%d"><c><v>1</v></c></row>' % n for n in range(1, 900_000)) + b"</sheetData>"
    )  # fmt: skip
    yield "laughs in a sheet", "e.xlsx", lambda: book(b"<sheetData/>", ("xl/workbook.xml", _laughs()))
    yield "60,000 sheets", "f.xlsx", lambda: archive(*((f"xl/worksheets/sheet{n}.xml", b"") for n in range(60_000)))
    yield "chapter of 300 MB", "g.epub", lambda: epub(_zeros(300, b"<p>"))
    yield "chapter that is a million deep", "h.epub", lambda: epub(b"<div>" * 1_000_000)
    yield "60,000 chapters", "i.epub", lambda: epub(b"<p>word</p>", times=60_000)
    yield "laughs in a package", "j.epub", lambda: archive(("META-INF/container.xml", _laughs()))
    yield "content of 300 MB", "k.odt", lambda: archive(("content.xml", _zeros(300)))
    yield "laughs in a text", "l.odt", lambda: archive(("content.xml", _laughs()))
    yield "a million paragraphs deep", "m.odt", lambda: archive(("content.xml", b"<p>" * 5_000_000))
    yield "slide of 300 MB", "n.pptx", lambda: show(_zeros(300))
    yield "laughs on a slide", "o.pptx", lambda: show(_laughs())
    yield "one slide 200,000 times", "p.pptx", lambda: show(b"<sld/>", times=200_000)
    yield "200 slides that are slow", "q.pptx", lambda: show(b"<p><t>x</t></p>" * 300_000, times=200)
    yield "a million elements deep", "r.html", lambda: b"<div>" * 1_000_000
    yield "tables in tables", "s.html", lambda: b"<table><tr><td>" * 500_000
    yield "a million open forms", "t.html", lambda: b"<b><i><a href=x>" * 1_000_000
    yield "an attribute of 20 MB", "u.html", lambda: b'<p title="' + b"x" * 20_000_000
    yield "24 MB of blocks", "v.html", lambda: b"<p>a" * 6_000_000
    yield "a comment without end", "w.html", lambda: b"<!--" + b"-" * 20_000_000
    yield "groups a million deep", "x.rtf", lambda: b"{\\rtf1 " + b"{" * 1_000_000
    yield "20 MB of commands", "y.rtf", lambda: b"{\\rtf1 " + b"\\b" * 10_000_000
    yield "raw bytes of 2 GB", "z.rtf", lambda: b"{\\rtf1 \\bin2000000000 x}"
    yield "nested JSON", "za.json", lambda: b'{"a":' * 1_000_000
    yield "24 MB of cells", "zb.tsv", lambda: b"a\t" * 12_000_000


def _zeros(megabytes: int, byte: bytes = b" ") -> bytes:
    return byte * (megabytes * MEGABYTE // len(byte))


def _laughs() -> bytes:
    entities = "".join(f"<!ENTITY e{one + 1} '" + f"&e{one};" * 10 + "'>" for one in range(9))
    return f'<!DOCTYPE d [<!ENTITY e0 "ha">{entities}]><d>&e9;</d>'.encode()


def _related(*targets: tuple[str, str]) -> bytes:
    one = "".join(f'<Relationship Id="r{n}" Type="x/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(targets))
    return f'<Relationships xmlns="{PACKAGE}">{one}</Relationships>'.encode()


def book(sheet: bytes, *more: tuple[str, bytes]) -> bytes:
    """A workbook of one sheet with this inside."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet_type = f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE.replace("relationships", "content-types")}">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/></Types>'.encode(),
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{office}"><sheets>'
        '<sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{sheet_type}</Relationships>'.encode(),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}">'.encode() + sheet + b"</worksheet>",
    }
    return archive(*{**parts, **dict(more)}.items(), level=1)


def epub(chapter: bytes, times: int = 1) -> bytes:
    """A book of one chapter, named so often."""
    package = '<package><manifest><item id="c" href="c.xhtml"/></manifest><spine>' + '<itemref idref="c"/>' * times
    return archive(
        ("META-INF/container.xml", b'<container><rootfile full-path="p.opf"/></container>'),
        ("p.opf", f"{package}</spine></package>".encode()),
        ("c.xhtml", chapter),
        level=1,
    )


def show(slide: bytes, times: int = 1, notes: bytes = b"", more: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """A presentation of one slide, shown so often."""
    order = b'<p xmlns:r="x">' + b'<sldId r:id="r0"/>' * times + b"</p>"
    return archive(
        ("_rels/.rels", _related(("officeDocument", "ppt/presentation.xml"))),
        ("ppt/presentation.xml", order),
        ("ppt/_rels/presentation.xml.rels", _related(("slide", "slides/slide1.xml"))),
        ("ppt/slides/slide1.xml", b"<d>" + slide + b"</d>" if slide[:2] != b"<!" else slide),
        *([("ppt/slides/_rels/slide1.xml.rels", _related(("notesSlide", "../notesSlides/n1.xml")))] if notes else []),
        *([("ppt/notesSlides/n1.xml", notes)] if notes else []),
        *more,
        level=1,
    )


def _mapped(ranges: bytes) -> bytes:
    table = stream(zlib.compress(b"begincmap 1 begincodespacerange <00> <ffffffff> endcodespacerange " + ranges))
    made = page_of(stream(zlib.compress(b"BT /F1 12 Tf 50 700 Td (text) Tj ET")), table)
    return made.replace(b"/BaseFont /Helvetica", b"/BaseFont /X /ToUnicode 5 0 R")


def _texts() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    yield "nothing", "a.txt", bytes
    yield "only white space", "b.md", lambda: b" \n\t\r\n" * 1_000
    yield "zeros", "c.txt", lambda: bytes(MEGABYTE)
    yield "a program", "d.txt", lambda: b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4_000
    yield "broken UTF-8", "e.txt", lambda: TEXT + b"\xff\xfe\xc3\x28"
    yield "overlong UTF-8", "f.txt", lambda: b"\xc0\xaf\xc0\xae" * 100
    yield "half a character", "g.txt", lambda: "é".encode()[:1]
    yield "UTF-16 without a mark", "h.txt", lambda: TEXT.decode().encode("utf-16-le")
    yield "half of UTF-16", "i.txt", lambda: "Paris".encode("utf-16")[:-1]
    yield "a surrogate alone", "j.txt", lambda: b"\xff\xfe\x00\xd8a\x00"
    yield "24 MB of text", "k.txt", lambda: b"word " * 4_800_000
    yield "one line of 4.9 MB", "l.txt", lambda: b"x" * 4_900_000
    yield "control characters", "m.md", lambda: b"\x1b[2J\x07\x08" * 10_000
    yield "a quote without end", "n.csv", lambda: b'a,b\n"' + b"x,y\n" * 1_000_000
    yield "a million columns", "o.csv", lambda: b"a," * 1_000_000 + b"\n" + b"1," * 1_000_000
    yield "200,000 rows", "p.csv", lambda: b"a,b\n" + b"1,2\n" * 200_000
    yield "only a head", "q.csv", lambda: b"a,b,c\n"
    yield "zeros between", "r.csv", lambda: b"a,b\n1,\x002\n" * 10
    yield "100,000 brackets", "s.jsonl", lambda: b"[" * 100_000
    yield "a number of a million digits", "t.jsonl", lambda: b'{"a": ' + b"9" * MEGABYTE + b"}"
    yield "surrogates alone", "u.jsonl", lambda: b'{"a": "\\ud800"}\n{"\\udfff": "b"}'
    yield "no JSON", "v.jsonl", lambda: b"{'a': 1}"
    yield "a million keys", "w.jsonl", lambda: b"{" + b",".join(b'"%d": 1' % one for one in range(1_000_000)) + b"}"


def _names() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    names = {
        "parent folders": "../../../../etc/passwd.txt",
        "an absolute path": "/etc/cron.d/owned.md",
        "a Windows path": "C:\\Windows\\..\\owned.txt",
        "a share": "\\\\127.0.0.1\\share\\owned.txt",
        "a zero": "owned.txt\0.exe.txt",
        "10,000 characters": "a" * 10_000 + ".txt",
        "another direction": "safe\u202etxt.exe.txt",
        "lines": "a\nb\r\n\x1b[2J.txt",
    }
    for title, name in names.items():
        yield title, name, lambda: TEXT
    yield "no ending", "passwd", lambda: TEXT
    yield "only an ending", ".pdf", lambda: TEXT
    yield "a page of the web", "a.htm", lambda: b"<script>alert(1)</script>"
    yield "a picture as PDF", "a.pdf", lambda: b"\x89PNG\r\n\x1a\n" + bytes(1_000)


def hostile_files() -> list[Hostile]:
    """All of them: a hundred and thirty."""
    groups = {
        "zip": _zips(),
        "word": _words(),
        "pdf": _pdfs(),
        "office": _offices(),
        "text": _texts(),
        "name": _names(),
    }
    made = [Hostile(f"{group}: {title}", name, make) for group, files in groups.items() for title, name, make in files]
    sparse = partial(bytes, 200_000_000)
    return [
        *made,
        Hostile("size: 200 MB", "a.txt", sparse, claimed=200_000_000),
        Hostile("size: 200 MB that claim to be 1 KB", "b.txt", sparse, claimed=1_000),
    ]
