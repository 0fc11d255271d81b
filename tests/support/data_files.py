"""Where the data are that tests compare with: see `tests/data_files/README.md`."""

from __future__ import annotations

from pathlib import Path

DATA_FILES = Path(__file__).resolve().parent.parent / "data_files"
SUMMEVAL = DATA_FILES / "summeval_gpt4o_consistency_50.json"
"""Scores of published G-Eval results, fifty summaries."""
