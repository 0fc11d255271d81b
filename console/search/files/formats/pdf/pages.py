"""The text of every page of a PDF with its form fields and notes; scans by Tesseract where it is installed.

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

from console.search.files.formats.pdf.beside import picture_shares, remarks, unsaid
from console.search.files.formats.pdf.glyphs import Letters, known_symbols, letters_of, makes_no_words
from console.search.files.formats.sections import Job, Refused, Section, counted
from console.search.files.recognition import Recognition

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_FORMS = re.compile(r"[\ufb1d-\ufdff\ufe70-\ufefc]+")
_HYPHEN = "\ufffe"
"""What PDFium puts in the place of a hyphen at the end of a line, which it joins with the next."""
_FEW = 20
"""Letters up to which a page with a picture may be a scan with a stamp."""
_LITTLE = 300
"""Letters up to which a page that is mostly a picture may be a scan with a line of text on it."""
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
_MOSTLY = 0.5
_SMALL = 0.02
"""Share of a page below which a picture is a logo or a line, and has no words that are missed."""
_WHOLE = 0.8
"""Share of a page from which a picture is the page itself, whose words are its text, or the paper behind them."""
_GARBLED = 0.3
"""Share of a page's letters that make no words, from which it is read as a picture, where it can be."""
_NAMELESS = "fonts that do not say which letters they draw"
_KEPT_LETTERS = 0.7
"""Share of a page's letters that a reading from right to left must have, too."""


def read_pdf(job: Job) -> Iterator[Section]:
    """A section for each page; a page that cannot be read is named, and the others are read."""
    if b"%PDF-" not in job.content[:1024]:
        raise Refused("it is not a PDF file")
    document = _opened(job.content)
    total = len(document)
    if not total:
        raise Refused("it is damaged: it has no pages")
    pages = _Pages(job, document)
    for number, _ in job.pages(range(total), "page"):
        try:
            text = pages.text(number)
        except pdfium.PdfiumError:
            job.lost("damaged, left out", number)
            continue
        yield Section(text, {"page": number})
    pages.report()


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


class _Pages:
    """The pages of a document, one after the other."""

    def __init__(self, job: Job, document: pdfium.PdfDocument) -> None:
        self._job = job
        self._document = document
        self._recognition = Recognition(job)
        self._right_to_left = _RightToLeft(job.content)

    def text(self, number: int) -> str:
        """The text of a page, notes behind it; what it says of itself is told. Raises PdfiumError: it is damaged."""
        with_notes = self._document[number - 1]
        notes = remarks(with_notes)
        raw.FPDFPage_Flatten(with_notes.raw, raw.FLAT_NORMALDISPLAY)
        with_notes.close()
        page = self._document[number - 1]
        try:
            text = self._of_page(page, number)
        finally:
            page.close()
        new = set(unsaid((said for _, said in notes), text))
        return "\n\n".join([text, *(f"{name}: {said}" for name, said in notes if said in new)])

    def _of_page(self, page: pdfium.PdfPage, number: int) -> str:
        text, letters = self._words(page)
        garbled = letters.nonsense > _GARBLED
        better = self._right_to_left.better(text, number)
        if better and not (garbled and makes_no_words(better)):
            return better
        if garbled:
            return self._recognition.text(page, number, _NAMELESS) or text
        if letters.unknown:
            self._job.lost("characters of unknown fonts", number)
        if letters.nonsense:
            self._job.lost(f"some words are in {_NAMELESS}, and may be wrong", number)
        return self._with_pictures(page, number, text)

    def _with_pictures(self, page: pdfium.PdfPage, number: int, text: str) -> str:
        """The text of a page, and of it as a picture where it is a scan; what is drawn beside it is told."""
        pictures = picture_shares(page)
        if _is_scan(page, text.strip(), sum(pictures)):
            kind = "a scan with little text" if text.strip() else "a scan without text"
            return _joined(text, self._recognition.text(page, number, kind))
        if max(pictures, default=0) < _WHOLE and any(share >= _SMALL for share in pictures):
            self._job.lost("pictures left out", number)
        if len(text) < _SHORT and _has_lost_columns(page):
            self._job.lost("vertical writing in a font that the file does not hold, left out", number)
        return text

    def _words(self, page: pdfium.PdfPage) -> tuple[str, Letters]:
        """The text of a page, and what is known of its letters."""
        part = page.get_textpage()
        try:
            text = _text_of(part)
            return _lines(text), letters_of(part, text)
        finally:
            part.close()

    def report(self) -> None:
        """Say what holds of the document."""
        self._recognition.report()
        if self._document.get_formtype() == raw.FORMTYPE_XFA_FULL:
            self._job.lost("a form (XFA) that only its own program can draw, left out")
        if attached := self._document.count_attachments():
            self._job.lost(f"{counted(attached, 'attached file')} left out")


def _text_of(part: pdfium.PdfTextpage) -> str:
    count = part.count_chars()
    if count <= 0:
        return ""
    # FPDFText_GetText counts UTF-16 units, and pypdfium2 asks for one buffer per range; one call reads all.
    buffer = (ctypes.c_ushort * (count * 2 + 1))()
    written = raw.FPDFText_GetText(part.raw, 0, count, buffer)
    return bytes(buffer)[: max(written - 1, 0) * 2].decode("utf-16-le", "ignore")


def _lines(text: str) -> str:
    """The text with hyphens at the ends of lines joined, and what is drawn twice once."""
    lines = known_symbols(text).replace(_HYPHEN, "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(drawn_once(line) for line in lines)


def _joined(text: str, recognised: str) -> str:
    """What a scan says and what was recognised of it, unless that says it, too."""
    more = unsaid(text.split("\n"), recognised)
    return "\n".join([*more, recognised]) if recognised else text


def drawn_once(line: str) -> str:
    """A line whose bold letters are each drawn twice ("CCiittyy"), without the second ones.

    Only where every word of the line is so, and one of them has three letters or more.
    """
    words = line.split()
    if any(len(word) % 2 or word[::2] != word[1::2] for word in words):
        return line
    long = any(len(word) >= _TWICE and word.isalpha() and len(set(word)) >= _TWICE // 2 for word in words)
    return " ".join(word[::2] for word in words) if long else line


def _has_lost_columns(page: pdfium.PdfPage) -> bool:
    """Whether most writing of a page in fonts that the file does not hold is dropped by PDFium.

    It takes vertical writing in the font that it puts in their place to have no width; neither have spaces.
    """
    pieces = islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=4), _SHORT)
    bounds = [piece.get_bounds() for piece in pieces if _is_replaced(piece)]
    dropped = sum(right - left < _NARROW for left, _, right, _ in bounds)
    return bool(dropped > _DROPPED * len(bounds))


def _is_replaced(piece: pdfium.PdfObject) -> bool:
    """Whether a piece of text is in a font that the file does not hold."""
    font = raw.FPDFTextObj_GetFont(piece.raw)
    if not font or raw.FPDFFont_GetIsEmbedded(font):
        return False
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    raw.FPDFFont_GetFamilyName(font, name, _LONGEST_NAME)
    return name.value in _REPLACEMENTS


def _is_scan(page: pdfium.PdfPage, text: str, pictures: float) -> bool:
    """Whether a page shows more than its text says: a picture of a text, or letters that are drawn.

    Args:
        pictures: how much of it they cover.
    """
    if not text:
        return next(iter(page.get_objects(max_depth=1)), None) is not None
    return (len(text) <= _FEW and pictures >= _LARGE) or (len(text) <= _LITTLE and pictures >= _MOSTLY)


class _RightToLeft:
    """Pages by pypdf, which is only loaded for them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._reader: object = None

    def better(self, text: str, number: int) -> str:
        """The text of a page as pypdf reads it, where there is such writing and it loses no letters; else ""."""
        if not _RIGHT_TO_LEFT.search(text):
            return ""
        read = self._text(number)
        return read if _letters(read) >= _KEPT_LETTERS * _letters(text) else ""

    def _text(self, number: int) -> str:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError

        try:
            if not isinstance(self._reader, PdfReader):
                self._reader = PdfReader(io.BytesIO(self._content))
            text = self._reader.pages[number - 1].extract_text()
        except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return ""
        return _FORMS.sub(lambda shapes: unicodedata.normalize("NFKC", shapes[0]), text)


def _letters(text: str) -> int:
    return sum(one.isalnum() for one in text)
