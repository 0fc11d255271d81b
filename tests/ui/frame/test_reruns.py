"""What a browser asks of a page that is being left is not asked of the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from console.ui.frame.reruns import MOST_HELD, PATIENCE, Line
from tests.support.fakes import FakeClock


class Ends:
    """A line between a browser and a server that are both this test."""

    def __init__(self) -> None:
        self.from_browser: asyncio.Queue[Message] = asyncio.Queue()
        self.clock = FakeClock()
        self.start = self.clock()
        self.line = Line(self.from_browser.get, self._shown, self._seconds)
        self.shown: list[Message] = []

    def _seconds(self) -> float:
        return (self.clock() - self.start).total_seconds()

    async def _shown(self, message: Message) -> None:
        self.shown.append(message)

    def asks(self, page: str, fragment: str = "", *, timer: bool = False) -> None:
        asked = BackMsg()
        asked.rerun_script.page_script_hash = page
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.is_auto_rerun = timer
        self.from_browser.put_nowait({"type": "websocket.receive", "bytes": asked.SerializeToString()})

    async def draws(self, page: str) -> None:
        told = ForwardMsg()
        told.new_session.page_script_hash = page
        await self.says(told)

    async def says(self, what: ForwardMsg) -> None:
        await self.line.send({"type": "websocket.send", "bytes": what.SerializeToString()})

    async def ends(self, how: int = ForwardMsg.FINISHED_SUCCESSFULLY) -> None:
        told = ForwardMsg()
        told.script_finished = how  # type: ignore[assignment]
        await self.says(told)

    async def heard(self) -> list[str]:
        """What reaches the server now: page and fragment of each question."""
        found = []
        while True:
            try:
                message = await asyncio.wait_for(self.line.receive(), 0.05)
            except TimeoutError:
                return found
            asked = BackMsg.FromString(message["bytes"]).rerun_script
            found.append(f"{asked.page_script_hash} {asked.fragment_id}".strip())


def of_a_line(test: Callable[[Ends], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def main() -> None:
            ends = Ends()
            await test(ends)
            ends.line.close()

        asyncio.run(main())

    run.__name__ = test.__name__  # type: ignore[attr-defined]
    run.__doc__ = test.__doc__
    return run


@of_a_line
async def test_a_timer_asks_while_nothing_is_drawn(ends: Ends) -> None:
    await ends.draws("A")
    await ends.ends()
    ends.asks("A", "f", timer=True)
    assert await ends.heard() == ["A f"]


@of_a_line
async def test_a_timer_does_not_ask_of_a_page_that_is_left(ends: Ends) -> None:
    await ends.draws("A")
    await ends.ends()
    ends.asks("B")
    ends.asks("A", "f", timer=True)
    assert await ends.heard() == ["B"]
    await ends.draws("B")
    ends.asks("A", "f", timer=True)
    await ends.ends()
    ends.asks("A", "f", timer=True)
    assert await ends.heard() == []


@of_a_line
async def test_a_timer_does_not_ask_while_something_is_drawn(ends: Ends) -> None:
    await ends.draws("A")
    ends.asks("A", "f", timer=True)
    assert await ends.heard() == []


@of_a_line
async def test_clicks_and_keys_wait_for_what_is_drawn_and_go_one_at_a_time(ends: Ends) -> None:
    await ends.draws("A")
    ends.asks("A", "one")
    ends.asks("A", "two")
    assert await ends.heard() == []
    await ends.ends()
    assert await ends.heard() == ["A one"]
    await ends.draws("A")
    await ends.ends(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert await ends.heard() == ["A two"]


@of_a_line
async def test_a_click_on_a_page_that_another_click_leaves_is_dropped(ends: Ends) -> None:
    """The first click leads to another page by itself: the server changes it."""
    await ends.draws("A")
    await ends.ends()
    ends.asks("A", "leads away")
    ends.asks("A", "again")
    assert await ends.heard() == ["A leads away"]
    await ends.draws("A")
    await ends.ends(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    assert await ends.heard() == []
    await ends.draws("B")
    await ends.ends()
    assert await ends.heard() == []


@of_a_line
async def test_what_waits_goes_before_the_whole_page_is_asked_for(ends: Ends) -> None:
    await ends.draws("A")
    ends.asks("A", "typed")
    ends.asks("A")
    assert await ends.heard() == ["A typed"]
    await ends.draws("A")
    await ends.ends(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    assert await ends.heard() == ["A"]


@pytest.mark.parametrize("sign", ["navigation", "delta", "script_finished"])
def test_the_callbacks_of_one_question_run_before_the_next_passes(sign: str) -> None:
    """What was typed and a click on a link: the second would break off what is done with the first."""
    said = {
        "navigation": ForwardMsg(),
        "delta": ForwardMsg(),
        "script_finished": ForwardMsg(script_finished=ForwardMsg.FINISHED_EARLY_FOR_RERUN),
    }
    said["navigation"].navigation.page_script_hash = "A"
    said["delta"].delta.new_element.text.body = "drawn"

    async def main(ends: Ends) -> None:
        await ends.draws("A")
        ends.asks("A")
        ends.asks("B")
        assert await ends.heard() == ["A"]
        await ends.says(said[sign])  # of what was drawn before
        assert await ends.heard() == []
        await ends.draws("A")
        assert await ends.heard() == []
        await ends.says(said[sign])
        assert await ends.heard() == ["B"]

    of_a_line(main)()


@of_a_line
async def test_of_three_pages_that_are_asked_for_the_last_is_drawn_last(ends: Ends) -> None:
    await ends.draws("A")
    await ends.ends()
    for page in ("B", "A", "C"):
        ends.asks(page)
    ends.asks("A", "of the first")
    seen = []
    for _ in range(4):
        for one in await ends.heard():
            seen.append(one)
            await ends.draws(one)
            await ends.ends()
    assert seen == ["B", "A", "C"]


@of_a_line
async def test_a_question_that_is_never_begun_holds_a_page_up_for_no_longer(ends: Ends) -> None:
    ends.asks("A")
    ends.asks("B")
    assert await ends.heard() == ["A"]
    ends.clock.advance(seconds=PATIENCE + 0.1)
    assert await ends.heard() == ["B"]


@of_a_line
async def test_what_the_server_never_draws_holds_nothing_up_for_long(ends: Ends) -> None:
    await ends.draws("A")
    await ends.ends()
    ends.asks("A", "gone")
    ends.asks("A", "there")
    assert await ends.heard() == ["A gone"]
    ends.clock.advance(seconds=PATIENCE + 0.1)
    assert await ends.heard() == ["A there"]


@of_a_line
async def test_other_messages_pass_at_once(ends: Ends) -> None:
    await ends.draws("A")
    beat = BackMsg(app_heartbeat=True).SerializeToString()
    for message in ({"type": "websocket.receive", "bytes": beat}, {"type": "websocket.receive", "bytes": b"\xff\xff"}):
        ends.from_browser.put_nowait(message)
        assert await asyncio.wait_for(ends.line.receive(), 1) == message
    ends.from_browser.put_nowait({"type": "websocket.disconnect"})
    assert (await ends.line.receive())["type"] == "websocket.disconnect"


@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff"])
def test_what_the_server_says_reaches_the_browser_whatever_it_is(data: bytes) -> None:
    async def main() -> None:
        ends = Ends()
        await ends.line.send({"type": "websocket.send", "bytes": data})
        assert ends.shown == [{"type": "websocket.send", "bytes": data}]

    asyncio.run(main())


@of_a_line
async def test_a_flood_of_questions_waits_in_the_browser(ends: Ends) -> None:
    ends.asks("runs")
    await ends.heard()
    await ends.draws("runs")
    for number in range(MOST_HELD + 50):
        ends.asks("runs", f"f{number}")
    found: list[str] = []
    for _ in range(100):
        found += await ends.heard()
        if ends.from_browser.qsize() <= 50:
            break
    assert not found
    assert not await ends.heard()
    assert ends.from_browser.qsize() == 50
    await ends.ends()
    assert await ends.heard() == ["runs f0"]
    assert ends.from_browser.qsize() == 49
