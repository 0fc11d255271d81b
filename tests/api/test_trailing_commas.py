"""A comma before the end is refused alike by every Python."""

from __future__ import annotations

import json

import pytest

from console.api.bodies import read_json


@pytest.mark.parametrize(
    ("text", "words", "position"),
    [
        (b'{"name":"a",}', "Expecting property name enclosed in double quotes", 12),
        (b'{"name":"a",  \n}', "Expecting property name enclosed in double quotes", 15),
        (b"[1,]", "Expecting value", 3),
        (b"[1, ]", "Expecting value", 4),
        (b'{"a": [1,]}', "Expecting value", 9),
    ],
)
def test_a_trailing_comma_is_refused_in_the_words_of_the_old_api(text: bytes, words: str, position: int) -> None:
    with pytest.raises(json.JSONDecodeError) as refused:
        read_json(text)
    assert (refused.value.msg, refused.value.pos) == (words, position)
