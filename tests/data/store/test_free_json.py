"""Free-form JSON comes back as it was, whichever reader or writer took it."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.data.store.free_json import LONG, read, write

PADDING = {"padding": "x" * LONG}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_long_and_short_values_come_back_exactly(value: Any) -> None:
    for whole in ({"value": value}, {**PADDING, "value": value}):
        try:
            text = write(whole)
        except (UnicodeEncodeError, ValueError):
            continue
        assert repr(read(text)) == repr(whole)


@pytest.mark.parametrize("evil", [float("nan"), float("inf"), date(2026, 1, 1), uuid.UUID(int=1), b"x", {1, 2}])
def test_what_is_no_json_is_refused_long_or_short(evil: Any) -> None:
    for whole in ({"value": evil}, {**PADDING, "value": evil}):
        with pytest.raises((TypeError, ValueError)):
            write(whole)


def test_keys_are_written_as_python_writes_them() -> None:
    whole = {**PADDING, "of": {1: "a"}}
    assert json.loads(write(whole)) == {**PADDING, "of": {"1": "a"}}
