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
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count

import numpy as np
import orjson
import Stemmer  # type: ignore[import-not-found,import-untyped,unused-ignore]
from bm25s import stopwords  # type: ignore[import-untyped]
from numpy.typing import NDArray

from console.records import VectorPart
from console.search.memory.matrix import Mask, RowRange, View

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
K1, B = 1.5, 0.75
"""How soon more of a word counts no more, and how much a long text counts less: what `bm25s` takes by default."""
_TERM_BYTES = 120
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
    """The words of a view's rows. Never changes; a later one takes over what the one before it has.

    Postings lie behind one another by term, 6 bytes each: the rows that have it and how often. They are weighed when
    they are asked for, so that new rows need no new weights.

    Args:
        view: of the rows.
        before: of an earlier view of the same matrix, whose rows are the first ones here.
    """

    def __init__(self, view: View, before: WordIndex | None = None) -> None:
        self._vocabulary: dict[str, int] = before._vocabulary if before else defaultdict(count().__next__)
        self._languages: set[str] = set(before._languages) if before else set()
        found = [
            _occurrences(self._vocabulary, self._languages, part)
            for part in view.parts[before._parts if before else 0 :]
        ]
        new: NDArray[np.int64] = np.concatenate(
            [places for places, _ in found] or [np.empty((3, 0), dtype=np.int64)], axis=1
        )
        old = before._by_term() if before else np.empty((3, 0), dtype=np.int64)
        terms, rows, counts = np.concatenate([old, new], axis=1)
        order = np.argsort(terms, kind="stable")
        self._parts: int = len(view.parts)
        self._terms = len(self._vocabulary)
        self._starts = np.searchsorted(terms[order], np.arange(self._terms + 1))
        self._rows = rows[order].astype(np.int32)
        self._counts = counts[order].astype(np.uint16)
        lengths: list[NDArray[np.float32]] = [before._lengths] if before else []
        self._lengths: NDArray[np.float32] = np.concatenate(
            [*lengths, *(sizes for _, sizes in found), np.empty(0, dtype=np.float32)]
        )

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes, about."""
        arrays = self._starts.nbytes + self._rows.nbytes + self._counts.nbytes + self._lengths.nbytes
        return int(arrays) + self._terms * _TERM_BYTES

    def nearest(self, text: str, view: View, most: int, allowed: Mask | None = None) -> NDArray[np.int64]:
        """Rows that share words with a text, best first, `most` at most.

        Args:
            allowed: bool[n], which rows count; None for all that are live.
        """
        scores = self.scores(text)
        if allowed is not None:
            scores[~allowed] = 0
        scores[view.dead] = 0
        worded = np.flatnonzero(scores)
        if len(worded) > most:
            least = np.partition(scores[worded], -most)[-most]
            worded = worded[scores[worded] >= least]
        found: NDArray[np.int64] = worded[np.argsort(-scores[worded], kind="stable")[:most]]
        return found

    def scores(self, text: str) -> NDArray[np.float32]:
        """float32[n]: BM25 of every row, 0 without a word in common."""
        asked = {form for word in _words(text) for form in forms(word, self._languages)}
        known = sorted(self._vocabulary[one] for one in asked if one in self._vocabulary)
        scores = np.zeros(len(self._lengths), dtype=np.float32)
        mean = float(self._lengths.mean()) if len(scores) else 1.0
        for term in known:
            if term < self._terms:
                rows, often = self._postings(term)
                norm = K1 * (1 - B + B * self._lengths[rows] / (mean or 1.0))
                rarity = np.log1p((len(scores) - len(rows) + 0.5) / (len(rows) + 0.5))
                scores[rows] += (rarity * often / (often + norm)).astype(np.float32)
        return scores

    def _postings(self, term: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        place = slice(self._starts[term], self._starts[term + 1])
        return self._rows[place], self._counts[place].astype(np.float32)

    def _by_term(self) -> NDArray[np.int64]:
        """int64[3, n]: term, row and count of every posting."""
        terms = np.repeat(np.arange(self._terms), np.diff(self._starts))
        return np.stack([terms, self._rows.astype(np.int64), self._counts.astype(np.int64)])


def _occurrences(
    vocabulary: dict[str, int], languages: set[str], part: RowRange
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """int64[3, n], terms, rows and counts of a part, and float32[rows], its rows' lengths in words."""
    rows = unpack_words(part.source)
    languages |= {language for language, _ in rows if language}
    sizes = np.array([len(stems) for _, stems in rows], dtype=np.int64)
    ids = np.fromiter((vocabulary[stem] for _, stems in rows for stem in stems), np.int64, int(sizes.sum()))
    places = np.repeat(np.arange(len(rows)), sizes)
    pairs, counts = np.unique(ids * len(rows) + places, return_counts=True)
    found = np.stack([pairs // max(len(rows), 1), pairs % max(len(rows), 1) + part.start, np.minimum(counts, 65_535)])
    return found, sizes.astype(np.float32)


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
