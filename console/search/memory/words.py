"""The words of texts, and the ranking of texts by them: BM25 (Robertson and Zaragoza, 2009) in the variant of Lucene.

A text's language is the one whose function words it has most of. Words are reduced to stems where Snowball knows the
language (https://snowballstem.org); of scripts without spaces, pairs of characters stand for words. A question is
stemmed in every language that the collection has, as a few words do not tell theirs.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import bm25s  # type: ignore[import-untyped]
import numpy as np
import orjson
import Stemmer  # type: ignore[import-not-found,import-untyped,unused-ignore]
from bm25s import stopwords
from numpy.typing import NDArray

from console.records import VectorPart
from console.search.memory.matrix import Mask, View

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    "english": frozenset(stopwords.STOPWORDS_EN_PLUS),
    "german": frozenset(stopwords.STOPWORDS_GERMAN),
    "dutch": frozenset(stopwords.STOPWORDS_DUTCH),
    "french": frozenset(stopwords.STOPWORDS_FRENCH),
    "spanish": frozenset(stopwords.STOPWORDS_SPANISH),
    "italian": frozenset(stopwords.STOPWORDS_ITALIAN),
    "portuguese": frozenset(stopwords.STOPWORDS_PORTUGUESE),
    "russian": frozenset(stopwords.STOPWORDS_RUSSIAN),
    "swedish": frozenset(stopwords.STOPWORDS_SWEDISH),
    "norwegian": frozenset(stopwords.STOPWORDS_NORWEGIAN),
    "turkish": frozenset(stopwords.STOPWORDS_TURKISH),
}
_LIMIT = 64 * 1024 * 1024
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_LANGUAGE_SAMPLE = 400
_lock = threading.Lock()


def terms(text: str, language: str | None = None) -> tuple[str, list[str]]:
    """A text's language (empty for none that is known) and its stems in their order, function words left out."""
    words = _words(text)
    chosen = _language(words[:_LANGUAGE_SAMPLE]) if language is None else language
    if not chosen:
        return "", words
    left = [word for word in words if word not in FUNCTION_WORDS[chosen]]
    with _lock:  # a stemmer is not thread-safe
        return chosen, _stemmer(chosen).stemWords(left)


def forms(word: str, languages: Iterable[str]) -> set[str]:
    """What a word may stand as in an index of texts in some languages."""
    return {stem for language in (*languages, "") for stem in terms(word, language)[1]}


def pack_words(texts: Sequence[str]) -> bytes:
    """The words of the chunks of a part, as `VectorPart.words` has them."""
    rows = [" ".join((language, *stems)) for language, stems in map(terms, texts)]
    return zlib.compress(orjson.dumps(rows), 1)


def unpack_words(part: VectorPart) -> list[tuple[str, list[str]]]:
    """Language and stems of the chunks of a part; nothing for chunks whose words were not kept."""
    if not part.words:
        return [("", [])] * part.count
    rows: list[str] = orjson.loads(zlib.decompressobj().decompress(part.words, _LIMIT))
    return [(row.partition(" ")[0], row.split(" ")[1:]) for row in rows]


class WordIndex:
    """The words of a view's rows. Thread-safe; made once, as a view never changes."""

    def __init__(self, view: View) -> None:
        rows = [row for part in view.parts for row in unpack_words(part.source)]
        self._rows = len(rows)
        self._languages = sorted({language for language, _ in rows if language})
        self._index = bm25s.BM25() if any(stems for _, stems in rows) else None
        if self._index:
            self._index.index([stems for _, stems in rows], show_progress=False)

    def nearest(self, text: str, view: View, count: int, allowed: Mask | None = None) -> NDArray[np.int64]:
        """Rows that share words with a text, best first, `count` at most.

        Args:
            allowed: bool[n], which rows count; None for all that are live.
        """
        known = self._index.vocab_dict if self._index else {}
        asked = {form for word in _words(text) for form in forms(word, self._languages)} & known.keys()
        if not asked or self._index is None:
            return np.empty(0, dtype=np.int64)
        scores = np.asarray(self._index.get_scores(sorted(asked)), dtype=np.float32)[: len(view)]
        if allowed is not None:
            scores = np.where(allowed, scores, 0)
        scores[view.dead] = 0
        best = np.argsort(-scores, kind="stable")[:count]
        found: NDArray[np.int64] = best[scores[best] > 0]
        return found


def _words(text: str) -> list[str]:
    """Words in small letters; of scripts without spaces, pairs of characters."""
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        for piece in _pieces(word):
            found += [piece] if not _UNSPACED.fullmatch(piece) or len(piece) == 1 else _pairs(piece)
    return found


def _pieces(word: str) -> list[str]:
    return [piece for piece in re.split(f"({_UNSPACED.pattern})", word) if piece]


def _pairs(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]


def _language(words: Sequence[str]) -> str:
    counts = {name: sum(word in known for word in words) for name, known in FUNCTION_WORDS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


@lru_cache(maxsize=len(FUNCTION_WORDS))
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)
