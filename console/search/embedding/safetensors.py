"""Reads the float32 tensors of a safetensors file through a memory map.

A file is 8 bytes (the header's length, little endian), the header (JSON: name -> dtype, shape, data_offsets), and the
data. https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from console.errors import SetupError

_HEADER_LIMIT = 100_000_000


def read_tensors(path: Path, *, sha256: str, sparse: str = "") -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a file by name, read-only views of the mapped file; others are left out.

    Args:
        sha256: what the file's bytes must hash to; they are read once for it, without staying in memory.
        sparse: the tensor of which only some rows are used: the pages around a used one stay out of memory.

    Raises:
        SetupError: the file is missing, is not the expected one, or is not a safetensors file.
    """
    try:
        with path.open("rb", buffering=0) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise SetupError(f"{path} is not the expected file: its SHA-256 is {found}. Install its package again.")
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _tensors(mapped, sparse)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}. Install its package again.") from error
    except (ValueError, KeyError, AttributeError, struct.error) as error:
        raise SetupError(f"{path} is not a safetensors file: {error}.") from error


def _tensors(mapped: mmap.mmap, sparse: str) -> dict[str, NDArray[np.float32]]:
    (length,) = struct.unpack("<Q", mapped[:8])
    if length > min(_HEADER_LIMIT, len(mapped) - 8):
        raise ValueError("its header is longer than the file")
    tensors = {}
    for name, entry in orjson.loads(mapped[8 : 8 + length]).items():
        if entry.get("dtype") == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            flat = np.frombuffer(mapped, dtype="<f4", count=(end - start) // 4, offset=start)
            tensors[name] = flat.reshape(entry["shape"])
            if name == sparse:
                _read_by_page(mapped, start, end)
    return tensors


def _read_by_page(mapped: mmap.mmap, start: int, end: int) -> None:
    """Tells the system not to bring in the neighbours of a page of this range."""
    if hasattr(mmap, "MADV_RANDOM"):
        first = start - start % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_RANDOM, first, end - first)
