"""The layer around Streamlit's server."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.ui.sign_in import guard


def test_sockets_of_strangers_are_counted() -> None:
    async def crowd() -> list[int]:
        released = asyncio.Event()
        codes: list[int] = []

        async def console(*_: object) -> None:
            await released.wait()

        async def send(message: dict[str, int]) -> None:
            codes.append(message["code"])

        door = guard.Guard(console, list, lambda _: False)  # type: ignore[arg-type]
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [], "scheme": "ws"}
        sockets = [asyncio.create_task(door(scope, None, send)) for _ in range(guard.STRANGERS + 3)]  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        released.set()
        await asyncio.gather(*sockets)
        return codes

    with ThreadPoolExecutor(1) as apart:  # a browser test of this worker may have left its loop in the thread
        assert apart.submit(asyncio.run, crowd()).result() == [1013] * 3


@pytest.mark.parametrize(
    ("host", "names", "allowed"),
    [
        ("localhost:8501", ["localhost"], True),
        ("LOCALHOST", ["localhost"], True),
        ("localhost.:8501", ["localhost"], True),
        ("evil.example", ["localhost"], False),
        ("localhost.evil.example", ["localhost"], False),
        ("", ["localhost"], False),
        ("a.example.com", ["*.example.com"], True),
        ("example.com.evil.example", ["*.example.com"], False),
        ("notexample.com", ["*.example.com"], False),
        ("anything", [], True),
        ("anything", ["*"], True),
    ],
)
def test_names_of_the_console(host: str, names: list[str], allowed: bool) -> None:
    assert guard.is_allowed(host, names) is allowed
