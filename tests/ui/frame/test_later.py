"""Parts of a page come later where a browser asks for them, and at once where it does not."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from console.ui.frame import later

    later.listener()
    later.arrive(st.session_state.get("page", "one"))
    st.session_state["whole"] = st.session_state.get("whole", 0) + 1
    later.later("below", lambda: st.button("In the part") and None, 300)


def _labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def test_nothing_waits_without_a_listener() -> None:
    assert _labels(AppTest.from_function(_script).run()) == ["Listens", "In the part"]


def _listening(test: AppTest) -> AppTest:
    """The page after one that was drawn to its end before the script said that it listens."""
    test.button(key="later.able").click().run()
    test.session_state["page"] = "another"
    return test.run()


def test_what_was_drawn_stays_when_the_listener_has_come() -> None:
    test = AppTest.from_function(_script).run()
    test.button(key="later.able").click().run()
    assert _labels(test) == ["In the part"]
    assert _labels(test.run()) == ["In the part"]


def test_a_part_waits_until_it_is_asked_for_and_stays() -> None:
    test = _listening(AppTest.from_function(_script).run())
    assert _labels(test) == ["Show"]
    test.button(key="later.below").click().run()
    assert _labels(test) == ["In the part"]
    assert _labels(test.run()) == ["In the part"]


def test_another_page_waits_again() -> None:
    test = _listening(AppTest.from_function(_script).run())
    test.button(key="later.below").click().run()
    test.session_state["page"] = "one"
    assert _labels(test.run()) == ["Show"]
