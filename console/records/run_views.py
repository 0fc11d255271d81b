"""Filters of the run list that people keep under a name."""

from __future__ import annotations

from datetime import datetime

from console.records.base import Record


class RunView(Record, frozen=True):
    """A filter of the run list that people keep under a name, for everybody."""

    name: str
    query: dict[str, str]
    """What the address of the list says: its parameters."""
    saved_by: str
    saved_on: datetime
