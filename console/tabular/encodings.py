"""Which encoding a text is in: by its mark, its zero bytes, its being UTF-8, its escapes, or else by its letters."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from charset_normalizer import from_bytes

from console.errors import InvalidInput
from console.tabular.alphabets import by_alphabet

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""In this order: the mark of UTF-32 begins with that of UTF-16."""
_LAST_PLANE = 16
_BLOCK = 1_000_000
_SAMPLE = 64_000
"""Bytes of lines with other than ASCII letters that the guess is made from."""
_WESTERN = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüßÀÂÄÁÃÅÆÇÉÈÊËÍÎÏÑÓÔÖÕØŒÚÙÛÜ€„“”‚‘’–—…«»°§·¿¡©®™£ªº²³½\u00a0")
"""What texts in Windows-1252 have beyond ASCII; in other encodings the same bytes give a good part of others."""
_WESTERN_SHARE = 0.35
"""At most so many letters of a Western text carry an accent."""
_ESCAPES = {b"\x1b$)C": "iso2022_kr", b"\x1b$B": "iso2022_jp_2", b"\x1b$@": "iso2022_jp_2"}
"""Encodings of seven bits that switch between alphabets; their bytes are ASCII, so they are valid UTF-8."""


def encoding_of(stream: BinaryIO, name: str) -> str:
    """The encoding of a text, as Python names it. Reads the stream from its beginning, and goes back there.

    Args:
        name: of the file, for messages.

    Raises:
        InvalidInput: it is no text, or UTF-8 with a broken place, which is named by its line.
    """
    stream.seek(0)
    head = stream.read(4096)
    try:
        for mark, encoding in _MARKS.items():
            if head.startswith(mark):
                return encoding
        if b"\0" in head:
            return _by_zeros(head, name)
        stream.seek(0)
        broken = _broken_line(stream, "utf-8")
        stream.seek(0)
        if broken is None:
            return _by_escapes(stream) or "utf-8"
        return _by_letters(stream, name, broken)
    finally:
        stream.seek(0)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _broken_line(stream: BinaryIO, encoding: str) -> int | None:
    """The line of the first byte that is not of an encoding; None when there is none."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for block in _blocks(stream):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return line + error.object.count(b"\n", 0, error.start)
        line += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _by_zeros(head: bytes, name: str) -> str:
    """UTF-16 or UTF-32 without a mark: ASCII letters have their zero bytes always in the same places."""
    for first, second, encoding in ((3, 2, "utf-32-le"), (0, 1, "utf-32-be")):
        if not any(head[first::4]) and max(head[second::4], default=0) <= _LAST_PLANE:
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) <= 4 * min(even, odd):
        raise InvalidInput(f"{name} has zero bytes: it is no text. Save it as UTF-8 and try again.", field="file")
    return "utf-16-le" if odd > even else "utf-16-be"


def _by_escapes(stream: BinaryIO) -> str | None:
    for block in _blocks(stream):
        for escape, encoding in _ESCAPES.items():
            if escape in block:
                stream.seek(0)
                return encoding if _broken_line(stream, encoding) is None else None
    return None


def _by_letters(stream: BinaryIO, name: str, broken: int) -> str:
    sample = _telling(stream)
    if _is_damaged_utf8(sample):
        raise InvalidInput(
            f"{name}, line {broken}: a byte is not UTF-8, though the rest of the file is. Correct that line.",
            field="file",
        )
    if known := by_alphabet(sample):
        return known
    if _is_western(sample):
        return "cp1252"
    found = from_bytes(sample).best()
    if found is None:
        raise InvalidInput(
            f"{name}, line {broken}: the encoding of the text is not known. Save it as UTF-8 and try again.",
            field="file",
        )
    return found.encoding


def _telling(stream: BinaryIO) -> bytes:
    """Lines with bytes beyond ASCII, which alone tell encodings apart."""
    lines: list[bytes] = []
    size = 0
    for line in stream:
        if not line.isascii():
            lines.append(line[:_SAMPLE])
            size += len(line)
            if size >= _SAMPLE:
                break
    return b"".join(lines)


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", errors="surrogateescape")
    wrong = sum("\udc80" <= character <= "\udcff" for character in text)
    right = sum(character > "\x7f" for character in text) - wrong
    return right >= 2 * wrong


def _is_western(sample: bytes) -> bool:
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = [character for character in text if character > "\x7f"]
    letters = sum(map(str.isalpha, text))
    accents = sum(map(str.isalpha, beyond))
    return set(beyond) <= _WESTERN and accents <= _WESTERN_SHARE * letters
