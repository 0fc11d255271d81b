"""A session of the console without a browser: the same socket and messages, and nothing is drawn."""

from __future__ import annotations

import http.client
import time
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

PATIENCE = 120.0
"""Seconds for a page to finish."""


class Session:
    """Signed in from `__enter__` on.

    Args:
        port: of the console.
    """

    def __init__(self, port: int, username: str, password: str) -> None:
        self._port = port
        self._who = username, password
        self._pages: dict[str, str] = {}

    def __enter__(self) -> Self:
        origin = f"http://127.0.0.1:{self._port}"
        cookie = {"Cookie": self._browser()}
        address = f"ws://127.0.0.1:{self._port}/_stcore/stream"
        self._opened = connect(
            address,
            additional_headers=cookie,
            origin=origin,
            subprotocols=["streamlit"],
            max_size=None,
            open_timeout=60,
        )
        self._socket = self._opened.__enter__()
        elements = self._run(BackMsg(rerun_script={"query_string": ""}))
        self._sign_in(elements)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def visit(self, page: str) -> float:
        """Milliseconds until a page has finished; raises RuntimeError where it shows a failure."""
        began = time.perf_counter()
        elements = self._run(BackMsg(rerun_script={"page_script_hash": self._pages[page]}))
        for one in elements:
            if one.WhichOneof("type") == "exception":
                raise RuntimeError(f"{page or 'overview'}: {one.exception.type} {one.exception.message}")
        return 1000 * (time.perf_counter() - began)

    def _browser(self) -> str:
        """The cookie by which the console knows this browser again."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        found = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        return "; ".join(found)

    def _sign_in(self, elements: list[Any]) -> None:
        message = BackMsg(rerun_script={"query_string": ""})
        fields = [one.text_input for one in elements if one.WhichOneof("type") == "text_input"]
        for shown, value in zip(fields, self._who, strict=True):
            message.rerun_script.widget_states.widgets.add(id=shown.id, string_value=value)
        button = [one.button for one in elements if one.WhichOneof("type") == "button"][-1]
        message.rerun_script.widget_states.widgets.add(id=button.id, trigger_value=True)
        self._run(message)

    def _run(self, message: BackMsg) -> list[Any]:
        """The elements that a run of the page sends."""
        self._socket.send(message.SerializeToString())
        elements: list[Any] = []
        while True:
            came = ForwardMsg()
            came.ParseFromString(self._socket.recv(timeout=PATIENCE))
            kind = came.WhichOneof("type")
            if kind == "delta" and came.delta.WhichOneof("type") == "new_element":
                elements.append(came.delta.new_element)
            elif kind == "navigation":
                self._pages = {page.url_pathname: page.page_script_hash for page in came.navigation.app_pages}
            elif kind == "script_finished":
                return elements
