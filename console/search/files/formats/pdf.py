"""PDF: the text of every page with its form fields and notes; scans by Tesseract where it is installed.

PDFium reads (measured: as many words as pdftotext, a sixth of pypdf's time). Pages with Arabic or Hebrew are read by
pypdf, because PDFium turns some of their words round.
"""

from __future__ import annotations

import ctypes
import io
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

import pypdfium2 as pdfium
from pypdfium2 import raw

from console.search.files.formats.sections import Job, Refused, Section, counted
from console.search.files.recognition import Recognition

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_FORMS = re.compile(r"[\ufb1d-\ufdff\ufe70-\ufefc]+")
_HYPHEN = "\ufffe"
"""What PDFium puts in the place of a hyphen at the end of a line, which it joins with the next."""
_FEW = 20
"""Letters up to which a page with a picture may be a scan with a stamp."""
_SHORT = 3_000
"""Characters of a page that is looked at for vertical writing: pages of it have few that were read."""
_TWICE = 6
"""Characters of a word of three letters that are drawn twice."""
_NARROW = 1e-3
_LONGEST_NAME = 200
_REPLACEMENTS = (b"Chrome Serif MM", b"Chrome Sans MM")
"""What PDFium writes with when a font is neither in the file nor like one of the fourteen of PDF."""
_DROPPED = 0.6
"""Share of pieces without a width that spaces do not come to."""
_LARGE = 0.3
"""Share of a page that the pictures of a scan cover."""


def read_pdf(job: Job) -> Iterator[Section]:
    """A section for each page; a page that cannot be read is named, and the others are read."""
    if b"%PDF-" not in job.content[:1024]:
        raise Refused("it is not a PDF file")
    document = _opened(job.content)
    total = len(document)
    if not total:
        raise Refused("it is damaged: it has no pages")
    recognition = Recognition(job)
    right_to_left = _RightToLeft(job.content)
    for number, _ in job.pages(range(total), "page"):
        try:
            text = _page_text(document, number, right_to_left, recognition)
            if len(text) < _SHORT and _has_lost_columns(document, number):
                job.lost("vertical writing in a font that the file does not hold, left out", number)
        except pdfium.PdfiumError:
            job.lost("damaged, left out", number)
            continue
        yield Section(text, {"page": number})
    recognition.report()
    if attached := document.count_attachments():
        job.lost(f"{counted(attached, 'attached file')} left out")


def _opened(content: bytes) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if "assword" in str(error):
            raise Refused("it is locked with a password. Save it without one") from error
        raise Refused("it is damaged") from error
    if document.get_formtype() in (raw.FORMTYPE_ACRO_FORM, raw.FORMTYPE_XFA_FOREGROUND):
        document.init_forms()
    return document


def _page_text(document: pdfium.PdfDocument, number: int, right_to_left: _RightToLeft, recognition: Recognition) -> str:
    with_notes = document[number - 1]
    raw.FPDFPage_Flatten(with_notes.raw, raw.FLAT_NORMALDISPLAY)
    with_notes.close()
    page = document[number - 1]
    try:
        text = _words(page)
        if _is_scan(page, text.strip()):
            return recognition.text(page, number) or text
        return (right_to_left.text(number) or text) if _RIGHT_TO_LEFT.search(text) else text
    finally:
        page.close()


def _words(page: pdfium.PdfPage) -> str:
    part = page.get_textpage()
    try:
        count = part.count_chars()
        if count <= 0:
            return ""
        # FPDFText_GetText counts UTF-16 units, and pypdfium2 asks for one buffer per range; one call reads all.
        buffer = (ctypes.c_ushort * (count * 2 + 1))()
        written = raw.FPDFText_GetText(part.raw, 0, count, buffer)
        text = bytes(buffer)[: max(written - 1, 0) * 2].decode("utf-16-le", "ignore")
    finally:
        part.close()
    lines = text.replace(_HYPHEN, "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(drawn_once(line) for line in lines)


def drawn_once(line: str) -> str:
    """A line whose bold letters are each drawn twice ("CCiittyy"), without the second ones.

    Only where every word of the line is so, and one of them has three letters or more.
    """
    words = line.split()
    if any(len(word) % 2 or word[::2] != word[1::2] for word in words):
        return line
    long = any(len(word) >= _TWICE and word.isalpha() and len(set(word)) >= _TWICE // 2 for word in words)
    return " ".join(word[::2] for word in words) if long else line


def _has_lost_columns(document: pdfium.PdfDocument, number: int) -> bool:
    """Whether most writing of a page in fonts that the file does not hold is dropped by PDFium.

    It takes vertical writing in the font that it puts in their place to have no width; neither have spaces.
    """
    page = document[number - 1]
    try:
        pieces = islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=4), _SHORT)
        bounds = [piece.get_bounds() for piece in pieces if _is_replaced(piece)]
        dropped = sum(right - left < _NARROW for left, _, right, _ in bounds)
        return bool(dropped > _DROPPED * len(bounds))
    finally:
        page.close()


def _is_replaced(piece: pdfium.PdfObject) -> bool:
    """Whether a piece of text is in a font that the file does not hold."""
    font = raw.FPDFTextObj_GetFont(piece.raw)
    if not font or raw.FPDFFont_GetIsEmbedded(font):
        return False
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    raw.FPDFFont_GetFamilyName(font, name, _LONGEST_NAME)
    return name.value in _REPLACEMENTS


def _is_scan(page: pdfium.PdfPage, text: str) -> bool:
    """Whether a page shows more than its text says: a picture of a text, or letters that are drawn."""
    if not text:
        return next(iter(page.get_objects(max_depth=1)), None) is not None
    return len(text) <= _FEW and _picture_share(page) >= _LARGE


def _picture_share(page: pdfium.PdfPage) -> float:
    """How much of a page its pictures cover, at most 1."""
    width, height = page.get_size()
    area = 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        left, bottom, right, top = picture.get_bounds()
        area += max(right - left, 0) * max(top - bottom, 0)
    return float(min(area / max(width * height, 1), 1.0))


class _RightToLeft:
    """Pages by pypdf, which is only loaded for them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._reader: object = None

    def text(self, number: int) -> str:
        """The text of a page; "" when it cannot be read so."""
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError

        try:
            if not isinstance(self._reader, PdfReader):
                self._reader = PdfReader(io.BytesIO(self._content))
            text = self._reader.pages[number - 1].extract_text()
        except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return ""
        return _FORMS.sub(lambda shapes: unicodedata.normalize("NFKC", shapes[0]), text)
