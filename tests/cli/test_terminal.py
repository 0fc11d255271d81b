"""What commands print. Before, a name with ESC and CR in it drew over what the command had said."""

from __future__ import annotations

import io

import orjson
import pytest

from console.cli.terminal import Neutral, neutral
from console.data.store.codec import check_line
from console.data.store.names import check_name
from console.errors import InvalidInput

EVIL = ["\x1b[2J", "\r", "\x07", "\x7f", "\x9b31m", "\u202e", "\u2066", "\u200f", "\u2028", "\x00"]


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_what_a_terminal_obeys_is_written_out(evil: str) -> None:
    shown = neutral(f"a{evil}b\n\tc")
    assert shown.isprintable() or set(shown) - {"\n", "\t"} == {one for one in shown if one.isprintable()}
    assert shown.endswith("b\n\tc")


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_json_reads_back_as_what_it_was(evil: str) -> None:
    assert orjson.loads(neutral(orjson.dumps({"name": evil}).decode())) == {"name": evil}


def test_a_stream_writes_it_so() -> None:
    inner = io.StringIO()
    Neutral(inner).write("\x1b[31mred")
    assert inner.getvalue() == "\\u001b[31mred"


@pytest.mark.parametrize("evil", [*EVIL, "\n", "\t"], ids=ascii)
def test_names_with_it_are_refused_by_the_character(evil: str) -> None:
    with pytest.raises(InvalidInput, match=r"control character \(U\+"):
        check_line(f"a{evil}b", "The name")
    with pytest.raises(InvalidInput, match="control character"):
        check_name(f"a{evil}b", "case")


@pytest.mark.parametrize("name", ["Größe", "评估", "naïve 👍🏽", "שלום", "a-b_c (d)"])
def test_names_in_any_script_are_names(name: str) -> None:
    assert check_name(name, "case") == name
