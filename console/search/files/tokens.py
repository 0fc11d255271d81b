"""The tokens of the local embedder, by which texts are cut into chunks."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from tokenizers import Tokenizer

from console.errors import SetupError
from console.search.embedding.minilm import PACKAGE
from console.search.files.chunking import Span


class MiniLMTokens:
    """Counts tokens as `minilm` sees them. Thread-safe. Loading it takes about 20 ms.

    Raises:
        SetupError: the package with the tokenizer is not installed.
    """

    def __init__(self) -> None:
        try:
            file = resources.files(PACKAGE) / "model" / "tokenizer.json"
        except ModuleNotFoundError as error:
            raise SetupError("The local embedder is not installed. Run `make setup`.") from error
        self._tokenizer = Tokenizer.from_str(file.read_text("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Start and end of every token of each text, in characters."""
        return [found.offsets for found in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]
