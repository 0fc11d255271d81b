"""Cursors come back as they were, and anything else is refused with advice."""

from __future__ import annotations

import pytest

from console.data.store.lists.cursor import decode_cursor, encode_cursor
from console.errors import InvalidInput


def test_a_cursor_holds_times_ids_and_texts_of_any_language() -> None:
    values = {"t": "2026-03-01T12:00:00.000000Z", "seen": [7, "run-ü-日本"]}
    assert decode_cursor(encode_cursor(values), {"t": str, "seen": list}) == values


def test_a_cursor_needs_no_escaping_in_a_url() -> None:
    assert encode_cursor({"t": "???>>>~~~", "seen": []}).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "not a cursor",
        "ä",
        "%%%%",
        "bm90IGpzb24",  # not json
        "WzFd",  # [1]
        "_____w",  # not UTF-8
        "W1tbW1tbW1tbW1s" * 5_000,  # brackets without end
        encode_cursor({"t": 5, "seen": []}),
        encode_cursor({"t": "2026"}),
        encode_cursor({"t": "2026", "seen": "7"}),
        encode_cursor({"t": "2026", "seen": [{}]}),
        encode_cursor({"t": "", "seen": []}),
        encode_cursor({"t": "2" * 301, "seen": []}),
        encode_cursor({"t": True, "seen": []}),
        "eyJ0IjogIlx1ZDgwMCIsICJzZWVuIjogW119",  # a lone surrogate
    ],
)
def test_anything_else_is_refused_with_the_advice_to_start_again(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"Start from the first page\.") as refused:
        decode_cursor(text, {"t": str, "seen": list})
    assert refused.value.field == "cursor"
