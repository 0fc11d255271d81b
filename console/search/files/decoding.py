"""Bytes to text, in any common encoding."""

from __future__ import annotations

import io
import re

from console.errors import InvalidInput
from console.search.files.formats.sections import Refused
from console.tabular.encodings import encoding_of

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LOOKED_AT = 100_000


def decoded(content: bytes, hint: str = "") -> str:
    """The text of a file, line ends as line feeds.

    Args:
        hint: an encoding that the file names itself; used where it fits.

    Raises:
        Refused: it is no text.
    """
    encoding = _fitting(content, hint) or _found(content)
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise Refused(f"it is no text in {encoding}. Save it as UTF-8 and try again") from error
    head = text[:_LOOKED_AT]
    if len(_CONTROL.findall(head)) > len(head) // 100:
        raise Refused("it is not text: it is full of control characters")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _found(content: bytes) -> str:
    try:
        return encoding_of(io.BytesIO(content), "it")
    except InvalidInput as error:
        raise Refused(str(error).removesuffix(".")) from error


def _fitting(content: bytes, hint: str) -> str:
    """The encoding that a file names, unless its bytes say otherwise."""
    if not hint or content[:3] == b"\xef\xbb\xbf" or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ""
    name = "cp1252" if hint.lower() in ("iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii") else hint
    try:
        content.decode(name)
    except (UnicodeDecodeError, LookupError):
        return ""
    return name
