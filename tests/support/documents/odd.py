"""Documents as other programs write them: encodings without a mark, columns without values, parts that are damaged."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.documents.base import OFFICE, Document, body, package, run
from tests.support.hostile_files import PACKAGE, SHEET, book, paragraph, show, word

_TEXTS = {
    "iso8859_2": ("Příliš žluťoučký kůň úpěl ďábelské ódy", "Zażółć gęślą jaźń, proszę bardzo", "Šport ľudia môžu stráviť žiť"),
    "cp1250": ("Příliš žluťoučký kůň úpěl ďábelské ódy", "Az árvíztűrő tükörfúrógép időben érkezik", "Ştirile şi ţara în această săptămână"),
    "iso8859_9": ("Şehrin sokakları bu sabah çok kalabalıktı, güneş doğdu",),
    "cp1257": ("Ąžuolas auga šalia ežero, žiūrėk į mėlynę", "Šķiet, ka bērni spēlējas pie ezera ļoti ilgi"),
    "koi8_r": ("Это простой текст на русском языке",), "iso8859_5": ("Это простой текст на русском языке",),
    "iso8859_7": ("Αυτό είναι ένα απλό κείμενο στα ελληνικά",), "cp1255": ("זהו טקסט פשוט בעברית שנועד לבדיקה",),
    "cp1256": ("هذا نص بسيط باللغة العربية للاختبار",), "euc_jp": ("これは日本語の文書です。",),
    "iso2022_jp": ("これは日本語の文書です。",), "iso2022_kr": ("이것은 한국어 문서입니다.",),
    "utf-32-le": ("Größe 漢字",), "utf-32-be": ("Größe 漢字",),
    "cp1252": ("C'est l'été où le goût revient, naïf déjà", "Radiações da Noite ás indicações", "È già là, però perché no", "Ísland þýðir mögulega", "Rødgrød med fløde på øen"),
}  # fmt: skip
"""Short texts by encoding; those in Windows-1252 are what the others must not be taken for, nor be taken as."""


def odd() -> Iterator[Document]:
    """All of them."""
    for kind in (_texts, _tables, _workbooks, _words, _slides):
        yield from kind()


def _texts() -> Iterator[Document]:
    for encoding, texts in _TEXTS.items():
        for number, text in enumerate(texts, 1):
            yield Document(f"{encoding} without a mark {number}.txt", text.encode(encoding), text)


def _tables() -> Iterator[Document]:
    yield Document("column without values.csv", b"name,fax,city\nAna,,Rome\nBo,,Bonn\n", "Bonn fax")
    yield Document("last column without values.tsv", b"name\tnote\nAna\nBo\t\n", "name: Bo note")


def _workbooks() -> Iterator[Document]:
    def cell(place: str, text: str) -> str:
        return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'

    rows = f'<row r="1">{cell("A1", "Name")}{cell("B1", "Fax")}</row><row r="2">{cell("A2", "Ana")}</row>'
    yield Document("column without values.xlsx", book(f"<sheetData>{rows}</sheetData>".encode()), "Name: Ana Fax")
    yield Document("hours.xlsx", _with_hours("1.5"), "36:00:00", "day")


def _with_hours(*days: str) -> bytes:
    """A workbook with a cell of hours and minutes for each number of days."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" s="1"><v>{value}</v></c></row>' for n, value in enumerate(days, 1))
    related = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/relationships/{kind}" Target="{target}"/>'
        for name, kind, target in (("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "styles", "styles.xml"))
    )
    formats = f'<styleSheet xmlns="{SHEET}"><cellXfs><xf numFmtId="0"/><xf numFmtId="46"/></cellXfs></styleSheet>'
    return book(
        f"<sheetData>{cells}</sheetData>".encode(),
        ("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>'.encode()),
        ("xl/styles.xml", formats.encode()),
    )


def _words() -> Iterator[Document]:
    number = run("7", "<w:rPr><w:webHidden/></w:rPr>")
    yield Document("contents.docx", word(f"<w:p>{run('Chapter')}<w:r><w:tab/></w:r>{number}</w:p>"), "Chapter\t7")
    yield Document(
        "damaged head.docx",
        package(document=body(paragraph("Text")), header1=f"{paragraph('Head')}<w:p></broken>"),
        "Text Head",
        lost="the rest of a head or foot left out",
    )


def _slides() -> Iterator[Document]:
    typed = b'<sp><nvPr><ph type="dt"/></nvPr><p><r><t>8 May</t></r></p></sp>'
    yield Document("typed date.pptx", show(b"<p><t>Text</t></p>" + typed), "Text 8 May")
    yield Document(
        "damaged slide.pptx",
        show(b"<p><t>Seen</t></p><p></broken>"),
        "Seen",
        lost="slide 1: the rest of the slide left out",
    )
