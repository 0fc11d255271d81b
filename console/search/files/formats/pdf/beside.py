"""What a page of a PDF holds beside its text: notes, values of fields that are not drawn, pictures."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from itertools import islice

import pypdfium2 as pdfium
from pypdfium2 import raw

_NO_NOTES = {raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FILEATTACHMENT}
_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_MOST = 2_000
"""Notes of a page, and pieces that are looked at for pictures."""
_LONGEST = 100_000


Remark = tuple[str, str]
"""What a text is called, and the text."""


def remarks(page: pdfium.PdfPage) -> list[Remark]:
    """The contents of notes and fields, which a page draws only in part, if at all."""
    found: list[Remark] = []
    for number in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST)):
        note = raw.FPDFPage_GetAnnot(page.raw, number)
        if note:
            found += _remark(note)
            raw.FPDFPage_CloseAnnot(note)
    return list(dict.fromkeys(found))


def _remark(note: raw.FPDF_ANNOTATION) -> Iterator[Remark]:
    if raw.FPDFAnnot_GetFlags(note) & _UNSEEN:
        return
    kind = raw.FPDFAnnot_GetSubtype(note)
    if kind == raw.FPDF_ANNOT_WIDGET and _string(note, b"FT") == "Tx":
        yield _string(note, b"T") or "Field", _string(note, b"V")
    elif kind not in _NO_NOTES:
        yield "Note", _string(note, b"Contents")


def _string(note: raw.FPDF_ANNOTATION, key: bytes) -> str:
    size = min(raw.FPDFAnnot_GetStringValue(note, key, None, 0), _LONGEST)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    raw.FPDFAnnot_GetStringValue(note, key, buffer, size)
    return bytes(buffer)[: max(size - 2, 0)].decode("utf-16-le", "replace").strip("\0 \r\n\t")


def unsaid(texts: Iterable[str], text: str) -> list[str]:
    """Those of some texts that another does not hold, whatever white space is between."""
    known = "".join(text.split())
    return [one for one in texts if "".join(one.split()) not in known]


def picture_shares(page: pdfium.PdfPage) -> list[float]:
    """How much of a page each of its pictures covers."""
    width, height = page.get_size()
    shares = []
    for picture in islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4), _MOST):
        left, bottom, right, top = picture.get_bounds()
        across = min(right, width) - max(left, 0)
        along = min(top, height) - max(bottom, 0)
        shares.append(max(across, 0) * max(along, 0) / max(width * height, 1))
    return shares
