"""Rich text: the words with notes, heads and feet, without commands; hidden text and pictures are left out.

Read here because the library that was measured (striprtf) leaves notes out and takes 14 s for 12 MB.
Source: Rich Text Format Specification 1.9.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from console.search.files.formats.sections import Job, Refused, Section, counted, tidy

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]+)(-?\d+)? ?|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL
)
_SKIPPED = {
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "fldinst", "themedata", "colorschememapping", "datastore",
    "latentstyles", "listtable", "listoverridetable", "rsidtbl", "generator", "xmlnstbl", "filetbl", "revtbl",
    "objdata", "nonshppict", "bkmkstart", "bkmkend", "annotation", "atnid", "atnauthor", "pgdsctbl", "mmathPr",
    "objclass", "mctrlPr",
}  # fmt: skip
_KEPT = {"shppict", "shptxt", "fldrslt", "footnote", "header", "footer", "shpinst", "result", "dptxbxtext", "pntext",
         "moMath", "moMathPara"}  # fmt: skip
"""Of the destinations that a reader may skip, those that hold text."""
_WORDS = {
    "par": "\n\n", "sect": "\n\n", "page": "\n\n", "column": "\n\n", "line": "\n", "row": "\n", "nestrow": "\n",
    "tab": "\t", "cell": "\t", "nestcell": "\t", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": " ", b"_": "-", b"-": "", b"\n": "\n\n", b"\r": "\n\n", b"\\": "\\", b"{": "{", b"}": "}"}
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_DEEPEST = 100_000


@dataclass(frozen=True, slots=True)
class _State:
    """What holds until the end of a group."""

    skipping: bool = False
    hidden: bool = False
    deleted: bool = False
    encoding: str = ""
    after_unicode: int = 1
    """Characters for old programs behind one in Unicode."""
    fonts: bool = False
    """Whether this is the table of fonts."""
    around: str = ""
    """What stands before and behind the group's text."""


def read_rtf(job: Job) -> Iterator[Section]:
    """All of a text as one section."""
    if not job.content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        raise Refused("it is no rich text")
    text = _Text(job.content)
    text.read()
    found = {
        "picture": text.pictures,
        "embedded file": text.objects,
        "hidden word": text.hidden,
        "comment": text.comments,
        "form field": text.fields,
        "character": text.unreadable,
    }
    for thing, number in found.items():
        if number:
            job.lost(f"{counted(number, thing)} left out")
    if text.deleted:
        job.lost(f"{counted(text.deleted, 'deleted word')} left out (tracked changes)")
    yield Section(tidy("".join(text.pieces)))


class _Text:
    """The text of a file, token by token."""

    def __init__(self, content: bytes) -> None:
        self.pieces: list[str] = []
        self.pictures = self.objects = self.hidden = self.comments = self.deleted = self.fields = 0
        self.unreadable = 0
        """Characters that their code page does not have."""
        self._content = content
        self._state = _State()
        self._stack: list[_State] = []
        self._bytes = b""
        """Characters of the code page that wait for the rest of theirs."""
        self._dropping = 0
        self._optional = False
        self._codepage = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0

    def read(self) -> None:
        """All tokens."""
        place = 0
        while found := _TOKEN.match(self._content, place):
            place = found.end()
            code, word, number, sign, brace, plain = found.groups()
            if code:
                self._character(bytes([int(code, 16)]))
            elif word:
                value = int(number) if number else None
                if word == b"bin":
                    place += max(value or 0, 0)
                else:
                    self._word(word.decode(), value)
            elif sign:
                self._sign(sign)
            elif brace:
                self._brace(brace)
            elif plain:
                self._plain(plain)
        self._flush()

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._dropping = 0
        if brace == b"{":
            if len(self._stack) >= _DEEPEST:
                raise Refused("it is damaged: its groups have no end")
            self._stack.append(self._state)
            self._state = replace(self._state, around="")
            return
        if self._state.around and not self._state.skipping:
            self.pieces.append(self._state.around)
        self._state = self._stack.pop() if self._stack else _State()
        self._optional = False

    def _word(self, word: str, value: int | None) -> None:
        if word == "u" and value is not None:
            self._flush()
            self._add(chr(value % 65_536))
            self._dropping = self._state.after_unicode
            return
        self._flush()
        optional, self._optional = self._optional, False
        self._count(word)
        if word in _SKIPPED or (optional and word not in _KEPT):
            self._state = replace(self._state, skipping=True, fonts=word == "fonttbl")
        elif word in ("footnote", "header", "headerl", "headerr", "footer", "footerl", "footerr"):
            self._state = replace(self._state, around=" ] " if word == "footnote" else "\n\n")
            self._add(" [ " if word == "footnote" else "\n\n")
        elif word in _WORDS:
            self._add(_WORDS[word])
        elif word in _SETTERS:
            self._state = _SETTERS[word](self._state, value)
        else:
            self._font_word(word, value)

    def _count(self, word: str) -> None:
        self.fields += word == "ffres"
        if not self._state.skipping:
            self.pictures += word == "pict"
            self.objects += word == "object"
            self.comments += word == "annotation"

    def _font_word(self, word: str, value: int | None) -> None:
        if word == "ansicpg" and value:
            self._codepage = f"cp{value}" if value != 10_000 else "mac_roman"
        elif word == "mac":
            self._codepage = "mac_roman"
        elif word in ("f", "deff") and value is not None:
            self._font = value
            if not self._state.fonts:
                self._state = replace(self._state, encoding=self._fonts.get(value, ""))
        elif word == "fcharset" and value and self._state.fonts:
            self._fonts[self._font] = _CHARSETS.get(value, "")

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._optional = True
            return
        self._flush()
        self._add(_SYMBOLS.get(sign, ""))

    def _character(self, one: bytes) -> None:
        if self._dropping:
            self._dropping -= 1
        else:
            self._bytes += one

    def _plain(self, plain: bytes) -> None:
        dropped = min(self._dropping, len(plain))
        self._dropping -= dropped
        self._bytes += plain[dropped:]

    def _flush(self) -> None:
        if self._bytes:
            waiting, self._bytes = self._bytes, b""
            try:
                text = waiting.decode(self._state.encoding or self._codepage, "replace")
            except LookupError:
                text = waiting.decode("cp1252", "replace")
            self._add(text)

    def _add(self, text: str) -> None:
        if self._state.skipping:
            return
        if self._state.deleted:
            self.deleted += len(text.split())
        elif self._state.hidden:
            self.hidden += len(text.split())
        else:
            self.unreadable += text.count("\ufffd")
            self.pieces.append(text)


_SETTERS: dict[str, Callable[[_State, int | None], _State]] = {
    "v": lambda state, value: replace(state, hidden=value != 0),
    "plain": lambda state, _value: replace(state, hidden=False, deleted=False, encoding=""),
    "deleted": lambda state, value: replace(state, deleted=value != 0),
    "uc": lambda state, value: replace(state, after_unicode=max(value or 0, 0)),
}
