"""Work beside the pages: asked once, kept until the data changes, with an earlier answer meanwhile."""

from __future__ import annotations

from threading import Event

from console.ui.frame.aside import KEPT, Aside, Progress

ASKED = "what is asked"


def test_a_question_is_worked_on_once() -> None:
    asked: list[int] = []
    some = Aside()
    first = some.ask(ASKED, 1, lambda _: asked.append(1))
    again = some.ask(ASKED, 1, lambda _: asked.append(1))
    first.future.result(10)
    assert again is first
    assert asked == [1]


def test_an_earlier_answer_is_there_while_the_data_is_asked_again() -> None:
    some, go = Aside(), Event()
    some.ask(ASKED, 1, lambda _: "old").future.result(10)
    running = some.ask(ASKED, 2, lambda _: "new" if go.wait(10) else "late")
    old = some.last(ASKED)
    assert old is not None
    assert old.future.result() == "old"
    go.set()
    assert running.future.result(10) == "new"
    new = some.last(ASKED)
    assert new is running


def test_an_error_is_not_an_answer() -> None:
    some = Aside()
    some.ask(ASKED, 1, lambda _: 7).future.result(10)
    failed = some.ask(ASKED, 2, lambda _: 1 // 0)
    assert isinstance(failed.future.exception(10), ZeroDivisionError)
    known = some.last(ASKED)
    assert known is not None
    assert known.future.result() == 7


def test_progress_is_told() -> None:
    def make(tell: Progress) -> None:
        tell(3, 4)

    work = Aside().ask(ASKED, 1, make)
    work.future.result(10)
    assert work.share() == 0.75


def test_old_questions_are_forgotten() -> None:
    some = Aside()
    some.ask(ASKED, 1, lambda _: 1).future.result(10)
    asked = [some.ask(number, 1, lambda _: 1) for number in range(KEPT)]
    assert len(asked) == KEPT
    assert some.last(ASKED) is None
