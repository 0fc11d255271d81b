"""A document of a test, and what documents are made of."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from tests.support.hostile_files import PACKAGE, WORD, archive, pdf, stream

W = f'xmlns:w="{WORD}"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"


@dataclass(frozen=True, slots=True)
class Document:
    """One file."""

    name: str
    content: bytes
    words: str
    """Must be read, in this order, whatever white space is between."""
    never: str = ""
    """Must not be read."""
    lost: str = ""
    """What must be said to be left out."""

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self) -> bytes:
        return self.content


def run(text: str, before: str = "") -> str:
    return f"<w:r>{before}<w:t>{text}</w:t></w:r>"


def package(**parts: str | bytes) -> bytes:
    """A Word document of several parts; `_` in a name stands for the folder."""
    kinds = {"footnotes": "footnotes", "endnotes": "endnotes", "header1": "header", "footer1": "footer"}
    related = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/relationships/{kind}" Target="{name}.xml"/>'
        for name, kind in kinds.items()
        if name in parts
    )
    extra = '<Relationship Id="chunk" Type="x/aFChunk" Target="chunk.html"/>' if "chunk" in parts else ""
    made = [
        ("word/_rels/document.xml.rels", f'<Relationships xmlns="{PACKAGE}">{related}{extra}</Relationships>'.encode())
    ]
    for name, part in parts.items():
        content = (
            part
            if isinstance(part, bytes)
            else f"<w:{_ROOTS.get(name, 'hdr')} {W}>{part}</w:{_ROOTS.get(name, 'hdr')}>".encode()
        )
        made.append((f"word/{name}.{'html' if name == 'chunk' else 'xml'}", content))
    return archive(*made)


_ROOTS = {"document": "document", "footnotes": "footnotes", "endnotes": "endnotes"}


def body(inside: str) -> str:
    return f"<w:body>{inside}</w:body>"


def odt(inside: str, *more: tuple[str, bytes]) -> bytes:
    spaces = 'xmlns:office="urn:x:office:1.0" xmlns:text="urn:x:text:1.0" xmlns:table="urn:x:table:1.0"'
    content = f"<office:document-content {spaces}><office:body><office:text>{inside}</office:text></office:body></office:document-content>"
    return archive(("content.xml", content.encode()), *more)


def form() -> bytes:
    looks = stream(zlib.compress(b"/Tx BMC BT /F1 12 Tf 2 5 Td (Alice) Tj ET EMC"), more=(
        b"/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 "
        b"/BaseFont /Helvetica >> >> >>"))  # fmt: skip
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Annots [5 0 R] /Resources << /Font << /F1 %s >> >> >>"
        % font
    )
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Alice) /F 4 /Rect [100 690 200 710] /P 3 0 R /AP << /N 6 0 R >> >>"
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        stream(zlib.compress(b"BT /F1 12 Tf 50 695 Td (Name) Tj ET")),
        field,
        looks,
    )
