"""Times are shown on the viewer's clock, and known in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import streamlit as st

from console.ui.frame import clock, text
from console.ui.frame.facts import markup

NOON = datetime(2026, 7, 1, 12, 0, 7, tzinfo=UTC)


class Context:
    def __init__(self, timezone: str | None) -> None:
        self.timezone = timezone


@pytest.fixture
def viewer(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda name: monkeypatch.setattr(st, "context", Context(name))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Europe/Berlin", "1 Jul 2026, 14:00:07 CEST"),
        ("Asia/Kolkata", "1 Jul 2026, 17:30:07 IST"),
        ("Pacific/Kiritimati", "2 Jul 2026, 02:00:07 +14"),
        (None, "1 Jul 2026, 12:00:07 UTC"),
        ("No/Such", "1 Jul 2026, 12:00:07 UTC"),
        ("../../etc/passwd", "1 Jul 2026, 12:00:07 UTC"),
        ("", "1 Jul 2026, 12:00:07 UTC"),
    ],
)
def test_a_moment_is_on_the_clock_of_who_looks(viewer: Any, name: str | None, shown: str) -> None:
    viewer(name)
    assert text.moment(NOON) == shown


def test_who_points_at_a_time_reads_it_in_utc(viewer: Any) -> None:
    viewer("Europe/Berlin")
    assert '<bdi title="1 Jul 2026, 12:00:07 UTC">' in markup({"Started": text.moment(NOON)}, "Facts", {})
    viewer(None)
    assert "title" not in markup({"Started": text.moment(NOON)}, "Facts", {})


def test_a_column_is_in_the_zone_and_its_heading_says_so(viewer: Any) -> None:
    viewer("Europe/Berlin")
    column = clock.time_column("Saved", "D MMM YYYY, HH:mm", 138)
    assert (column["label"], column["type_config"]["timezone"]) == ("Saved", "Europe/Berlin")
    assert column["help"] == "Times of Europe/Berlin; exports have UTC."
    viewer(None)
    assert clock.time_column("Saved", "D MMM YYYY", 105)["label"] == "Saved (UTC)"
