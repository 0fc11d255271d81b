"""Delimiters around the material of a prompt, which a text cannot close.

The delimiters carry a token that is derived from a secret of the installation and all that the prompt shows: nobody
who writes a text knows it, and the same judge asks for the same text in the very same words.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from console.private import write_private

_log = logging.getLogger(__name__)

SECRET_FILE = "fence.key"
"""In the data folder."""
_SECRET_BYTES = 32
_MANY = 100_000
"""Brackets in one text from which on no name is looked for behind each: they are all moved apart."""
_BRACKETS = re.compile(r"<[\s<]*<")
_NAME = re.compile(
    r"[^\w<]*+(?:end[^\w<]++of[^\w<]++)?(?:text|reference|question|input|context|example|material)\b", re.IGNORECASE
)
"""What makes a delimiter of brackets. Neither pattern looks at a character more than a few times."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Delimiters of one prompt."""

    token: str

    @classmethod
    def of(cls, secret: bytes, parts: Iterable[str]) -> Fence:
        """The fence of a prompt.

        Args:
            secret: known to nobody who writes texts.
            parts: all that the prompt is made from, in order.
        """
        digest = hmac.new(secret, digestmod=hashlib.sha256)
        for part in parts:
            data = part.encode(errors="surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return cls(digest.hexdigest()[:16])

    def around(self, name: str, text: str) -> str:
        """The text between its delimiters."""
        return f"<<<{name} {self.token}>>>\n{self.neutral(text)}\n<<<END OF {name} {self.token}>>>"

    def neutral(self, text: str) -> str:
        """The text without anything that could pass for a delimiter: the brackets of such are moved apart. Linear."""
        pieces, at = [], 0
        for place, brackets in enumerate(_BRACKETS.finditer(text)):
            if place == _MANY:
                return text.replace("<", "< ").replace(self.token, "")
            if _NAME.match(text, brackets.end()):
                pieces += [text[at : brackets.start()], " ".join(brackets[0])]
                at = brackets.end()
        return "".join([*pieces, text[at:]]).replace(self.token, "")


def installation_secret(folder: Path) -> bytes:
    """The secret of an installation, from a file of mode 0600 in its data folder; made when it is not there.

    Where the folder cannot be written, the secret lasts as long as the process: repetitions in another process then
    have other delimiters.
    """
    path = folder / SECRET_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_private(path, secrets.token_hex(_SECRET_BYTES))  # the first process wins
        return path.read_bytes()
    except OSError as error:
        _log.warning("No secret for the fence of prompts can be kept in %s: %s", folder, error)
        return secrets.token_bytes(_SECRET_BYTES)
