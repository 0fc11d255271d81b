"""Headline numbers are one element, and what data say in them stays text."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.support.console_app import metrics


def _script() -> None:
    from console.ui.frame.tiles import Tile, tiles

    tiles([Tile("Kappa", "0.820", "95 %: 0.4 to 1.0", 'Beyond "chance"'), Tile("<b>Alpha</b>", "–")])


def test_each_number_has_its_name_note_and_meaning() -> None:
    test = AppTest.from_function(_script).run()
    (block,) = test.get("html")
    assert metrics(test)["Kappa"] == "0.820"
    assert '<dd class="tile-note">95 %: 0.4 to 1.0</dd>' in block.proto.body
    assert 'aria-label="Beyond &quot;chance&quot;"' in block.proto.body
    assert block.proto.body.count("tile-why") == 1


def test_markup_in_a_name_is_shown_letter_by_letter() -> None:
    (block,) = AppTest.from_function(_script).run().get("html")
    assert "<b>" not in block.proto.body
    assert "&lt;b&gt;Alpha&lt;/b&gt;" in block.proto.body
