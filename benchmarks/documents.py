"""Goals Q2, Q3, P14 and P15: reading, finding and ingesting documents; text search as one types.

    python -m benchmarks.documents                    Q2, P14, P15 on data that it makes
    python -m benchmarks.documents --files FOLDER...  Q3: words recalled of files, against pdftotext and docx2txt
    python -m benchmarks.documents --made             Q3: the documents that the tests make, by kind; each with --each

Recall counts the words of the baseline that the readers have too: letters and digits in a row, small, in NFKC, each as
often as it stands. P14 counts the CPU time of this process and of the one that reads; the engine has its own. P15 is
against a process that has nothing in memory and finds the blocks packed.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.vectors import clustered, timed
from console.actions.collections.ingest import ingest, packed
from console.actions.collections.search import SearchAnswer, search
from console.config import Settings
from console.errors import InvalidInput
from console.records import NewChunk
from console.search.embedding.minilm import MiniLM
from console.search.files.chunking import chunk_rows, chunk_text
from console.search.files.readers import KINDS, DiskFile, FileReader
from console.search.files.tokens import MiniLMTokens
from console.services import Services, build_services
from tests.support.documents.good import documents

_BASELINES = {"pdf": ["pdftotext", "-q", "{}", "-"], "docx": ["docx2txt", "{}", "-"]}
_THINGS = ("lamp", "desk", "chair", "shelf", "carpet", "mirror", "sofa", "clock", "vase", "bed", "stool", "curtain")
_COLOURS = ("red", "blue", "white", "black", "green")
_MATERIALS = ("oak", "steel", "glass", "wool", "marble")
_SENTENCE = "The {colour} {thing} of {material} stands in room {number} and was last repaired in the year {year}. "


@dataclass
class Made:
    """A file that is made here."""

    name: str
    content: bytes
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.content)

    def read(self) -> bytes:
        """Its content."""
        return self.content


def rows() -> list[tuple[str, str, str, int]]:
    """Three hundred short rows of a table."""
    return [(*one, 20 + 7 * number % 900) for number, one in enumerate(product(_THINGS, _COLOURS, _MATERIALS))]


def known_items() -> None:
    """Q2: is the row that a question is about the first that is found?"""
    table = rows()
    texts = [f"product: {a}\ncolour: {b}\nmaterial: {c}\nprice: {price}" for a, b, c, price in table]
    questions = [f"How much does the {b} {a} made of {c} cost?" for a, b, c, _ in table]
    counter, embedder = MiniLMTokens(), MiniLM()
    asked = embedder.embed(questions)
    of_rows = [piece for pieces in chunk_rows(texts, counter) for piece in pieces]
    whole = "\n\n".join(texts)
    merged = chunk_text(whole, counter, overlap=0)
    starts = np.cumsum([0, *[len(text) + 2 for text in texts]])[:-1]
    for title, pieces in (("rows", of_rows), ("merged", merged)):
        best = np.argmax(asked @ embedder.embed([piece.text for piece in pieces]).T, axis=1)
        hits = (
            best == np.arange(len(texts))
            if title == "rows"
            else [pieces[one].text.partition(texts[n])[1] != "" for n, one in enumerate(best)]
        )
        print(f"Q2  {title:8} {len(pieces):4} chunks   hit@1 {np.mean(hits):.2f}   of {len(starts)} rows")


def cpu() -> float:
    """Seconds of this process and of those that it waited for."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def embedders_share(services: Services) -> None:
    """P14: forty small files of eight kinds."""
    embedder, spent = services.embedder("minilm"), [0.0]
    embedder.embed(["warm"])
    MiniLMTokens()
    real = embedder.embed

    def embed(texts: Sequence[str]) -> object:
        before = time.process_time()
        made = real(texts)
        spent[0] += time.process_time() - before
        return made

    embedder.embed = embed  # type: ignore[method-assign,assignment]
    collection = services.collections.create("Small", by="bench")
    files = list(_small_files())
    begun, clock = cpu(), time.perf_counter()
    done = ingest(services, collection.collection_id, files, by="bench")
    total, seconds = cpu() - begun, time.perf_counter() - clock
    embedder.embed = real  # type: ignore[method-assign]
    chunks = sum(one.chunks for one in done)
    assert not any(one.error for one in done), done
    print(
        f"P14 {len(files)} files, {chunks} chunks: {seconds:.2f} s, CPU {total:.2f} s, embedder {spent[0] / total:.0%}"
    )
    begun = time.perf_counter()
    again = ingest(services, collection.collection_id, files, by="bench")
    assert all(one.unchanged for one in again)
    print(f"    again, unchanged: {time.perf_counter() - begun:.2f} s, nothing written")


def _small_files() -> Iterator[Made]:
    for number in range(40):
        dice = np.random.default_rng(number)
        text = "".join(
            _SENTENCE.format(
                thing=dice.choice(_THINGS), colour=dice.choice(_COLOURS), material=dice.choice(_MATERIALS),
                number=dice.integers(1, 900), year=dice.integers(1900, 2024),
            )
            for _ in range(24)
        )  # fmt: skip
        kind = ("txt", "md", "html", "rtf")[number % 4]
        wrapped = {"html": f"<p>{text}</p>", "rtf": "{\\rtf1 " + text + "}"}.get(kind, text)
        yield Made(f"{number}.{kind}", wrapped.encode())


def first_search(services: Services, folder: Path, count: int = 10_000) -> None:
    """P15: the first search after an upload, and the first one of another process."""
    vectors = clustered(count, 3)
    collection = services.collections.create("Large", by="bench")
    for start in range(0, count, 500):
        chunks = [
            NewChunk(text=f"text {start + n}", embedding=row) for n, row in enumerate(vectors[start : start + 500])
        ]
        services.vectors.put_document(collection.collection_id, f"{start}.txt", chunks)
    packing = timed(lambda: packed(services, collection.collection_id, count))
    now = services.collections.get(collection.collection_id)
    first = timed(lambda: services.searcher.search(now, vectors[7], 10, {}, "exact"))
    as_typed(services, collection.collection_id)
    with build_services(Settings(data_dir=folder)) as other:
        cold = timed(lambda: other.searcher.search(now, vectors[7], 10, {}, "exact"))
    print(f"P15 {count:,} chunks: packing {packing:,.0f} ms at the end of the upload; first search {first:,.1f} ms, "
          f"first of another process {cold:,.1f} ms")  # fmt: skip


def as_typed(services: Services, collection_id: str) -> None:
    """A search after each word of a question that is typed, every one of them new: its embedding included."""
    typed = _SENTENCE.format(colour="red", thing="lamp", material="oak", number=12, year=1984).split()
    questions = [" ".join(typed[:end]) for end in range(2, len(typed) + 1)]
    for strategy in ("hybrid", "exact"):
        search(services, collection_id, text="warm", strategy=strategy)
        answers = [search(services, collection_id, text=one, strategy=strategy) for one in questions]
        whole, embedding = ([get(one) * 1_000 for one in answers] for get in (_seconds, _embedding))
        print(
            f"    {strategy:7} as one types, {len(questions)} questions: median {np.median(whole):.0f} ms, "
            f"longest {max(whole):.0f} ms; of it embedding {np.median(embedding):.0f} ms"
        )


def _seconds(answer: SearchAnswer) -> float:
    return answer.seconds


def _embedding(answer: SearchAnswer) -> float:
    return answer.stages["embed"]


def words(text: str) -> Counter[str]:
    """The words of a text, each as often as it stands."""
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower()))


def recall(folders: Sequence[Path]) -> None:
    """Q3: a line for each file."""
    seen = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix[1:].lower() in KINDS]
    shares: dict[str, list[tuple[float, int]]] = {}
    with FileReader() as reader:
        for path in seen:
            kind = path.suffix[1:].lower()
            wanted = words(_baseline(kind, path))
            begun = time.perf_counter()
            try:
                found = reader.read(DiskFile(path))
            except InvalidInput as error:
                print(f"{path.name:42}      {str(error).partition('was refused: ')[2]}")
                continue
            seconds, total = time.perf_counter() - begun, sum(wanted.values())
            share = sum((wanted & words(found.text)).values()) / total if total else float("nan")
            if total:
                shares.setdefault(kind, []).append((share, total))
            shown = "  -  " if not total else f"{share:5.3f}"
            print(f"{path.name:42} {shown} {len(found.sections):5} {seconds:6.2f} s  {'; '.join(found.lost)}")
    for kind, found_shares in shares.items():
        total = sum(count for _, count in found_shares)
        mean = sum(share * count for share, count in found_shares) / total
        low = sum(share < 0.97 for share, _ in found_shares)
        print(f"{kind}: {len(found_shares)} files, {total:,} words, recall {mean:.4f}; {low} files below 0.97")


def made_files(*, each: bool) -> None:
    """Q3: a line for each kind of the documents that the tests make, or for each of them."""
    rows: dict[str, list[tuple[bool, int, int, bool]]] = {}
    with FileReader() as reader:
        for document in documents():
            wanted, lost, found = words(document.words), [], Counter[str]()
            try:
                content = reader.read(document)
            except InvalidInput as error:
                lost = [str(error).partition("was refused: ")[2]]
            else:
                lost, found = content.lost, words(content.text)
            row = (bool(found) or not wanted, (wanted & found).total(), wanted.total(), bool(lost))
            rows.setdefault(document.name.rpartition(".")[2], []).append(row)
            if each:
                print(f"{document.name:34} {row[1]:3} of {row[2]:3} words  {'; '.join(lost)}")
    print("| kind | files | read | words recalled | files with a remark |\n|---|---|---|---|---|")
    for kind, all_rows in sorted(rows.items()):
        read, recalled, total, remarks = (sum(column) for column in zip(*all_rows, strict=True))
        print(f"| {kind} | {len(all_rows)} | {read} | {recalled} of {total} | {remarks} |")


def _baseline(kind: str, path: Path) -> str:
    if kind not in _BASELINES:
        return ""
    command = [part.format(path) for part in _BASELINES[kind]]
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        return ""


def main() -> None:
    """What the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="+", type=Path)
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--each", action="store_true", help="with --made: each file")
    chosen = parser.parse_args()
    if chosen.made:
        made_files(each=chosen.each)
        return
    if chosen.files:
        recall(chosen.files)
        return
    known_items()
    with tempfile.TemporaryDirectory() as made, build_services(Settings(data_dir=Path(made))) as services:
        embedders_share(services)
        first_search(services, Path(made))


if __name__ == "__main__":
    main()
